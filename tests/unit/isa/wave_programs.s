; SPDX-License-Identifier: MIT
;
; Programs for wave_test.c and flow_test.c, one in each section. What they get in registers:
;
;   s[0:1]  address of a buffer      s2  index of the wave in its workgroup
;   v0      number of the lane

; Sum of 1 .. s3 by a loop, stored by lane 0.
.section loop,"ax"
    s_mov_b32       s4, 0
1:  s_add_u32       s4, s4, s3
    s_sub_u32       s3, s3, 1
    s_cmp_lg_u32    s3, 0
    s_cbranch_scc1  1b
    v_mov_b32       v1, s4
    v_mov_b32       v2, 0
    s_mov_b32       exec_lo, 1
    global_store_dword v2, v1, s[0:1]
    s_endpgm

; Sum of the lane numbers of all waves of a 4-wave group, in wave32: each lane puts its number
; into LDS, then half of the lanes add the other half, until one is left.
.section reduce,"ax"
    s_lshl_b32      s4, s2, 5
    v_add_nc_u32    v1, s4, v0          ; thread
    v_lshlrev_b32   v2, 2, v1           ; its LDS address
    ds_write_b32    v2, v1
    s_movk_i32      s5, 64              ; threads that take part
1:  s_waitcnt       lgkmcnt(0)
    s_barrier
    v_cmp_gt_u32    vcc_lo, s5, v1
    s_and_saveexec_b32 s6, vcc_lo
    s_cbranch_execz 2f
    s_lshl_b32      s7, s5, 2
    v_add_nc_u32    v3, s7, v2
    ds_read_b32     v4, v3
    ds_read_b32     v5, v2
    s_waitcnt       lgkmcnt(0)
    v_add_nc_u32    v5, v4, v5
    ds_write_b32    v2, v5
2:  s_mov_b32       exec_lo, s6
    s_lshr_b32      s5, s5, 1
    s_cmp_lg_u32    s5, 0
    s_cbranch_scc1  1b
    s_waitcnt       lgkmcnt(0)
    s_barrier
    s_cmp_lg_u32    s2, 0
    s_cbranch_scc1  3f
    v_mov_b32       v2, 0
    ds_read_b32     v5, v2
    s_mov_b32       exec_lo, 1
    s_waitcnt       lgkmcnt(0)
    global_store_dword v2, v5, s[0:1]
3:  s_endpgm

; Lanes below 10 store 100 + lane, the others 200 + lane.
.section diverge,"ax"
    v_lshlrev_b32   v1, 2, v0
    v_cmp_gt_u32    vcc_lo, 10, v0
    s_and_saveexec_b32 s4, vcc_lo
    v_add_nc_u32    v2, 0x64, v0
    s_xor_b32       exec_lo, exec_lo, s4
    s_cbranch_execz 1f
    v_add_nc_u32    v2, 0xc8, v0
1:  s_mov_b32       exec_lo, s4
    global_store_dword v1, v2, s[0:1]
    s_endpgm

; Waits, asleep, until the dword at s[0:1] is not 0; then stores what it saw behind it.
.section wait,"ax"
    v_mov_b32       v1, 0
1:  s_sleep         1
    global_load_dword v2, v1, s[0:1] glc dlc
    s_waitcnt       vmcnt(0)
    v_readfirstlane_b32 s4, v2
    s_cmp_eq_u32    s4, 0
    s_cbranch_scc1  1b
    s_mov_b32       exec_lo, 1
    global_store_dword v1, v2, s[0:1] offset:4
    s_endpgm

; The same without sleeping.
.section spin,"ax"
1:  s_load_dword    s4, s[0:1], 0x0 glc
    s_waitcnt       lgkmcnt(0)
    s_cmp_eq_u32    s4, 0
    s_cbranch_scc1  1b
    s_endpgm

; What the two above wait for.
.section signal,"ax"
    v_mov_b32       v1, 0
    v_mov_b32       v2, 42
    s_mov_b32       exec_lo, 1
    global_store_dword v1, v2, s[0:1]
    s_waitcnt_vscnt null, 0x0
    s_endpgm

; Wave 0 spins on LDS until wave 1 has written; without a barrier, without sleeping.
.section spin_lds,"ax"
    v_mov_b32       v1, 0
    s_cmp_lg_u32    s2, 0
    s_cbranch_scc1  2f
1:  ds_read_b32     v2, v1
    s_waitcnt       lgkmcnt(0)
    v_readfirstlane_b32 s4, v2
    s_cmp_eq_u32    s4, 0
    s_cbranch_scc1  1b
    s_endpgm
2:  v_mov_b32       v2, 7
    ds_write_b32    v1, v2
    s_endpgm

; Waves 2 and up end at once; 0 and 1 meet twice, and count in LDS.
.section early_end,"ax"
    s_cmp_gt_u32    s2, 1
    s_cbranch_scc1  1f
    s_mov_b32       exec_lo, 1
    v_mov_b32       v1, 0
    v_mov_b32       v2, 1
    ds_add_u32      v1, v2
    s_barrier
    ds_read_b32     v3, v1
    s_barrier
1:  s_endpgm

; Adds s3 to the dword at s[0:1] one by one, from every lane.
.section count,"ax"
    v_mov_b32       v1, 0
    v_mov_b32       v2, 1
1:  global_atomic_add v1, v2, s[0:1]
    s_sub_u32       s3, s3, 1
    s_cmp_lg_u32    s3, 0
    s_cbranch_scc1  1b
    s_endpgm

; The clocks, and a message outside of a trap handler.
.section host,"ax"
    s_memtime       s[4:5]
    s_memrealtime   s[6:7]
    s_mov_b32       m0, 0x123
    s_sendmsg       sendmsg(MSG_INTERRUPT)
    s_mov_b32       exec_lo, 0x80000000
    s_sendmsg       sendmsg(MSG_GET_DOORBELL)
    s_endpgm

; All conditional branches that are taken count in s4, those that are not in s5.
.section branches,"ax"
.macro both taken, other
    \taken          1f
    s_add_u32       s6, s6, 1
1:  s_add_u32       s4, s4, 1
    \other          2f
    s_add_u32       s5, s5, 1
2:
.endm
    s_mov_b32       s4, 0
    s_mov_b32       s5, 0
    s_mov_b32       s6, 0
    s_cmp_eq_u32    s6, 0
    s_cbranch_scc1  1f
    s_add_u32       s6, s6, 1
1:  s_cmp_eq_u32    s6, 0
    s_cbranch_scc0  1f
    s_add_u32       s5, s5, 1
1:  s_mov_b32       vcc_lo, 0
    both            s_cbranch_vccz, s_cbranch_vccnz
    s_mov_b32       vcc_lo, 4
    both            s_cbranch_vccnz, s_cbranch_vccz
    both            s_cbranch_execnz, s_cbranch_execz
    s_mov_b32       exec_lo, 0
    both            s_cbranch_execz, s_cbranch_execnz
    s_branch        1f
    s_add_u32       s6, s6, 1
1:  s_endpgm

; A trap handler in the manner of ROCr's: skips s_trap 3; reports anything else with the queue's
; doorbell id in the low bits and the reason above, and gives up.
.section trap_handler,"ax"
    s_bfe_u32       ttmp2, ttmp1, 0x80010
    s_cmp_eq_u32    ttmp2, 3
    s_cbranch_scc0  1f
    s_add_u32       ttmp0, ttmp0, 4
    s_addc_u32      ttmp1, ttmp1, 0
    s_branch        4f
1:  s_mov_b32       ttmp3, exec_lo
    s_mov_b32       exec_lo, 0x80000000
    s_sendmsg       sendmsg(MSG_GET_DOORBELL)
2:  s_nop           7
    s_bitcmp0_b32   exec_lo, 31
    s_cbranch_scc0  2b
    s_mov_b32       ttmp6, exec_lo
    s_mov_b32       exec_lo, ttmp3
    s_getreg_b32    ttmp7, hwreg(HW_REG_TRAPSTS)
    s_and_b32       ttmp3, ttmp7, 0x10000900
    s_or_b32        ttmp6, ttmp6, ttmp3
    s_lshl_b32      ttmp2, ttmp2, 12
    s_or_b32        ttmp6, ttmp6, ttmp2
    s_mov_b32       ttmp3, m0
    s_mov_b32       m0, ttmp6
    s_sendmsg       sendmsg(MSG_INTERRUPT)
    s_mov_b32       m0, ttmp3
    s_bitset1_b32   ttmp12, 13
4:  s_setreg_b32    hwreg(HW_REG_STATUS), ttmp12
    s_rfe_b64       [ttmp0, ttmp1]

; A handler that faults itself.
.section bad_handler,"ax"
    s_mov_b64       ttmp[2:3], 0
    s_load_dword    ttmp4, ttmp[2:3], 0x0
    s_rfe_b64       [ttmp0, ttmp1]

; Debug trap, ignored; SCC survives it. Then an abort.
.section traps,"ax"
    s_cmp_eq_u32    s2, s2
    s_trap          3
    s_cselect_b32   s4, 1, 2
    s_trap          2
    s_mov_b32       s4, 99
    s_endpgm

.section fault,"ax"
    s_mov_b64       s[4:5], 0
    s_nop           0
    s_load_dword    s6, s[4:5], 0x40
    s_endpgm

.section illegal,"ax"
    s_nop           0
    .long           0xbfff0000
    s_endpgm

.section image,"ax"
    image_bvh_intersect_ray v[0:3], v[0:10], s[0:3]
    s_endpgm

.section halt,"ax"
    s_nop           0
    s_sethalt       1
    s_endpgm

; Calls a function at s[4:5] that must return through s[6:7].
.section call,"ax"
    s_swappc_b64    s[6:7], s[4:5]
    s_endpgm

; To lie across the end of a page: the literal is on the next one.
.section across,"ax"
    s_mov_b32       s8, 0x12345678
    s_setpc_b64     s[6:7]

; Memory instructions in many spellings. s[4:5] is 64 bytes behind s[0:1]; s[16:19] describes the
; buffer without a stride, s[20:23] with 8 bytes.
.section memory,"ax"
    v_lshlrev_b32   v1, 2, v0
    v_add_nc_u32    v2, s4, v1
    v_mov_b32       v3, s5
    s_movk_i32      s12, 4
    global_load_dword v10, v1, s[0:1] offset:16
    global_load_sbyte v11, v1, s[4:5] offset:-3
    global_load_dwordx2 v[12:13], v[2:3], off offset:-8
    flat_load_ushort v14, v[2:3] offset:2
    s_load_dwordx2  s[30:31], s[0:1], 0x8
    s_load_dword    s32, s[0:1], s12
    s_load_dword    s33, s[4:5], -0x4
    s_buffer_load_dwordx4 s[36:39], s[16:19], 0x14
    ds_write2_b32   v1, v10, v0 offset0:2 offset1:64
    ds_read_b32     v15, v1 offset:256
    ds_read2st64_b32 v[16:17], v1 offset0:1 offset1:0
    buffer_load_dword v18, v1, s[16:19], s12 offen offset:8
    buffer_load_dword v19, off, s[16:19], 0 offset:12
    tbuffer_load_format_xyzw v[20:23], v1, s[16:19], 0 format:[BUF_FMT_8_8_8_8_UINT] offen
    buffer_load_ubyte v24, v[0:1], s[20:23], 0 idxen offen offset:1
    buffer_load_format_xy v[25:26], v0, s[20:23], 4 idxen
    ds_swizzle_b32  v27, v0 offset:swizzle(QUAD_PERM,1,0,3,2)
    ds_bpermute_b32 v28, v1, v0 offset:8
    v_mov_b32       v4, 3
    global_atomic_add v29, v1, v4, s[0:1] offset:512 glc
    v_add_nc_u32    v5, 3, v29
    v_mov_b32       v4, v0
    global_atomic_cmpswap v30, v1, v[4:5], s[0:1] offset:512 glc
    buffer_atomic_umax v4, v1, s[16:19], 0 offen offset:640 glc
    ds_add_rtn_u32  v31, v1, v0 offset:256
    global_store_short_d16_hi v1, v10, s[0:1] offset:768
    global_load_short_d16_hi v10, v1, s[0:1] offset:2
    s_endpgm
