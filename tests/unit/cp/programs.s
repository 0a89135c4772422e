; SPDX-License-Identifier: MIT
;
; Kernels for the tests of dispatches, one in each section. Unless said otherwise: wave32, user
; SGPRs s[0:1] = kernarg segment, then s2 = workgroup id x; v0 = work-item id x. The kernarg
; segment begins with the address of a buffer.

; The initial state of a wave. All user and system SGPRs are enabled (see dispatch_test.c), so
; kernarg is s[8:9]. The buffer begins with a counter, by which waves take records of 1 KiB from
; byte 1024 on: 32 dwords of SGPRs and hardware registers, then v0, v1, v2 of 32 lanes each.
.section state,"ax"
    s_mov_b32       s20, exec_lo
    s_getreg_b32    s21, hwreg(HW_REG_MODE)
    s_getreg_b32    s22, hwreg(HW_REG_HW_ID1)
    s_getreg_b32    s23, hwreg(HW_REG_HW_ID2)
    s_getreg_b32    s24, hwreg(HW_REG_STATUS)
    s_load_dwordx2  s[26:27], s[8:9], 0x0
    s_waitcnt       lgkmcnt(0)
    v_mov_b32       v11, 0
    v_mov_b32       v10, 1
    s_mov_b32       exec_lo, 1
    global_atomic_add v12, v11, v10, s[26:27] glc
    s_waitcnt       vmcnt(0)
    v_readfirstlane_b32 s25, v12
    s_add_u32       s28, s25, 1
    s_lshl_b32      s28, s28, 10
    s_add_u32       s26, s26, s28
    s_addc_u32      s27, s27, 0
.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24
    v_mov_b32       v10, s\n
    global_store_dword v11, v10, s[26:27] offset:4*\n
.endr
    s_mov_b32       exec_lo, s20
    v_mbcnt_lo_u32_b32 v13, -1, 0
    v_lshlrev_b32   v13, 2, v13
    global_store_dword v13, v0, s[26:27] offset:128
    global_store_dword v13, v1, s[26:27] offset:256
    global_store_dword v13, v2, s[26:27] offset:384
    s_endpgm

; buffer[i] = 3 * i + 1, i = 64 * workgroup + work-item.
.section fill,"ax"
    s_load_dwordx2  s[4:5], s[0:1], 0x0
    s_lshl_b32      s2, s2, 6
    v_add_nc_u32    v1, s2, v0
    v_mad_u32_u24   v2, v1, 3, 1
    v_lshlrev_b32   v1, 2, v1
    s_waitcnt       lgkmcnt(0)
    global_store_dword v1, v2, s[4:5]
    s_endpgm

; Ends at once.
.section nothing,"ax"
    s_endpgm

; Adds 1 to the buffer's first dword and waits until it has reached the dword behind the address in
; the kernarg segment. Lane 0 of each wave. Sleeps while it waits.
.section meet,"ax"
    s_load_dwordx2  s[4:5], s[0:1], 0x0
    s_load_dword    s6, s[0:1], 0x8
    s_mov_b32       exec_lo, 1
    v_mov_b32       v1, 0
    v_mov_b32       v2, 1
    s_waitcnt       lgkmcnt(0)
    global_atomic_add v1, v2, s[4:5]
1:  s_sleep         1
    global_load_dword v3, v1, s[4:5] glc dlc
    s_waitcnt       vmcnt(0)
    v_readfirstlane_b32 s7, v3
    s_cmp_ge_u32    s7, s6
    s_cbranch_scc0  1b
    s_endpgm

; The same without sleeping.
.section meet_spin,"ax"
    s_load_dwordx2  s[4:5], s[0:1], 0x0
    s_load_dword    s6, s[0:1], 0x8
    s_mov_b32       exec_lo, 1
    v_mov_b32       v1, 0
    v_mov_b32       v2, 1
    s_waitcnt       lgkmcnt(0)
    global_atomic_add v1, v2, s[4:5]
1:  global_load_dword v3, v1, s[4:5] glc dlc
    s_waitcnt       vmcnt(0)
    v_readfirstlane_b32 s7, v3
    s_cmp_ge_u32    s7, s6
    s_cbranch_scc0  1b
    s_endpgm

; Counts the buffer's first dword down by loops of s6 (kernarg + 8) turns, then adds 1 to it.
.section busy,"ax"
    s_load_dwordx2  s[4:5], s[0:1], 0x0
    s_load_dword    s6, s[0:1], 0x8
    s_waitcnt       lgkmcnt(0)
1:  s_sub_u32       s6, s6, 1
    s_cmp_lg_u32    s6, 0
    s_cbranch_scc1  1b
    s_mov_b32       exec_lo, 1
    v_mov_b32       v1, 0
    v_mov_b32       v2, 1
    global_atomic_add v1, v2, s[4:5]
    s_endpgm

; Each lane keeps a number of its own in scratch while others run, and counts in the buffer's first
; dword how many found theirs changed. s[0:3] scratch V#, s[4:5] kernarg, s6 = workgroup id x,
; s7 = scratch wave offset.
.section scratch,"ax"
    s_load_dwordx2  s[8:9], s[4:5], 0x0
    s_lshl_b32      s10, s6, 10
    v_add_nc_u32    v1, s10, v0
    v_mov_b32       v2, 0
    s_movk_i32      s11, 0x20
    buffer_store_dword v1, v2, s[0:3], s7 offen offset:16
1:  s_sleep         1
    s_sub_u32       s11, s11, 1
    s_cmp_lg_u32    s11, 0
    s_cbranch_scc1  1b
    buffer_load_dword v3, v2, s[0:3], s7 offen offset:16
    s_waitcnt       vmcnt(0) lgkmcnt(0)
    v_cmp_ne_u32    vcc_lo, v1, v3
    v_cndmask_b32   v4, 0, 1, vcc_lo
    v_mov_b32       v5, 1
    global_atomic_add v2, v4, s[8:9]
    global_atomic_add v2, v5, s[8:9] offset:4
    s_endpgm

; Stores a dword to the buffer.
.section store,"ax"
    s_load_dwordx2  s[4:5], s[0:1], 0x0
    v_mov_b32       v1, 0
    v_mov_b32       v2, 7
    s_waitcnt       lgkmcnt(0)
    global_store_dword v1, v2, s[4:5]
    s_waitcnt_vscnt null, 0
    s_endpgm

.section trap,"ax"
    s_trap          2
    s_endpgm

.section illegal,"ax"
    .long           0xbfffffff
    s_endpgm

; A flat store to LDS address 0x100000, far outside.
.section lds_outside,"ax"
    s_mov_b64       s[4:5], src_shared_base
    v_mov_b32       v1, 0x100000
    v_mov_b32       v2, s5
    flat_store_dword v[1:2], v0
    s_waitcnt       vmcnt(0) lgkmcnt(0)
    s_endpgm

; Sends event id 9.
.section interrupt,"ax"
    s_mov_b32       m0, 9
    s_sendmsg       sendmsg(MSG_INTERRUPT)
    s_endpgm

; A trap handler that reports error 4 (bit 3) of doorbell 5 and gives the wave up.
.section handler,"ax"
    s_mov_b32       m0, (1 << 3) << 10 | 5
    s_nop           0
    s_sendmsg       sendmsg(MSG_INTERRUPT)
    s_bitset1_b32   ttmp12, 13
    s_setreg_b32    hwreg(HW_REG_STATUS), ttmp12
    s_rfe_b64       [ttmp0, ttmp1]

; The doorbell id and the clocks: lane 0 stores them, and the LDS word at the end of what the packet
; asks for (kernarg + 8: its address) after having written it.
.section machine,"ax"
    s_load_dwordx2  s[4:5], s[0:1], 0x0
    s_load_dword    s6, s[0:1], 0x8
    s_memrealtime   s[10:11]
    s_memtime       s[12:13]
    s_mov_b32       exec_lo, 0x80000000
    s_sendmsg       sendmsg(MSG_GET_DOORBELL)
1:  s_nop           7
    s_bitcmp0_b32   exec_lo, 0x1f
    s_cbranch_scc0  1b
    s_mov_b32       s14, exec_lo
    s_mov_b32       exec_lo, 1
    s_waitcnt       lgkmcnt(0)
    v_mov_b32       v0, 0
    v_mov_b32       v1, s10
    v_mov_b32       v2, s11
    v_mov_b32       v3, s12
    v_mov_b32       v4, s13
    v_mov_b32       v5, s14
    v_mov_b32       v6, s6
    v_mov_b32       v7, 0x1234
    ds_write_b32    v6, v7
    ds_read_b32     v8, v6
    s_waitcnt       lgkmcnt(0)
    global_store_dwordx4 v0, v[1:4], s[4:5]
    global_store_dword v0, v5, s[4:5] offset:16
    global_store_dword v0, v8, s[4:5] offset:20
    s_endpgm

; A legacy vertex shader that says what it was given: s[0:1] = buffer, s2 = first vertex, s3 = first
; instance, s4 = number of the draw. Adds 1 << (8 * draw) to buffer[vertex] and, by the instance, to
; buffer[64 + instance]. Exports a position that nothing is made of.
.section vertices,"ax"
    v_add_nc_u32    v1, s2, v0
    v_add_nc_u32    v2, s3, v3
    s_lshl_b32      s5, s4, 3
    s_lshl_b32      s5, 1, s5
    v_mov_b32       v4, s5
    v_lshlrev_b32   v1, 2, v1
    v_lshlrev_b32   v2, 2, v2
    global_atomic_add v1, v4, s[0:1]
    global_atomic_add v2, v4, s[0:1] offset:256
    v_mov_b32       v5, 0
    exp             pos0 v5, v5, v5, v5 done
    s_endpgm
