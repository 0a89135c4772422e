; SPDX-License-Identifier: MIT
;
; Vertex programs for geometry_test.c, wave32. What they export for a vertex:
;
;   pos0    vertex, instance as f32; the rest is not written
;   param0  vertex, instance, user data 0, scratch offset

; Asks for as many vertices and primitives as came in, from wave 0.
.macro allocate
    s_bfe_u32       s20, s3, 0x40018        ; wave in the subgroup
    s_cmp_lg_u32    s20, 0
    s_cbranch_scc1  9f
    s_bfe_u32       s21, s2, 0x9000c        ; vertices
    s_bfe_u32       s22, s2, 0x90016        ; primitives
    s_lshl_b32      s22, s22, 12
    s_or_b32        m0, s21, s22
    s_sendmsg       sendmsg(MSG_GS_ALLOC_REQ)
9:
.endm

; EXEC: lanes below the count in bits \first .. \first + 7 of s3.
.macro threads first
    s_mov_b32       exec_lo, -1
    s_bfe_u32       s23, s3, (8 << 16) | \first
    v_mbcnt_lo_u32_b32 v20, -1, 0
    v_cmp_gt_u32    vcc_lo, s23, v20
    s_mov_b32       exec_lo, vcc_lo
.endm

.macro vertex vertex instance user scratch
    v_cvt_f32_u32   v10, \vertex
    v_cvt_f32_u32   v11, \instance
    v_mov_b32       v12, \user
    v_mov_b32       v13, \scratch
    exp             pos0 v10, v11, off, off done
    exp             param0 \vertex, \instance, v12, v13
.endm

; NGG: passes primitives through.
.section passthrough,"ax"
    allocate
    threads         8
    exp             prim v0, off, off, off done
    threads         0
    vertex          v5, v8, s8, s5
    s_endpgm

; NGG: packs the corners from their offsets in LDS, which are indices here. Leaves out the primitives
; with odd ids.
.section packs,"ax"
    allocate
    threads         8
    v_and_b32       v14, 0xffff, v0
    v_lshrrev_b32   v15, 16, v0
    v_lshl_or_b32   v14, v15, 10, v14
    v_lshl_or_b32   v14, v1, 20, v14
    v_lshl_or_b32   v14, v2, 31, v14        ; odd: null
    exp             prim v14, off, off, off done
    threads         0
    vertex          v5, v8, s8, s5
    s_endpgm

; NGG: says nothing of what it is going to export.
.section silent,"ax"
    threads         0
    vertex          v5, v8, s8, s5
    s_endpgm

; NGG: primitives without what their vertices are.
.section bare,"ax"
    allocate
    threads         8
    exp             prim v0, off, off, off done
    s_endpgm

; NGG: asks for a vertex more than a wave can export.
.section greedy,"ax"
    s_mov_b32       m0, 33 | 1 << 12
    s_sendmsg       sendmsg(MSG_GS_ALLOC_REQ)
    s_endpgm

; Legacy: its waves have the vertices in EXEC.
.section legacy,"ax"
    vertex          v0, v3, s0, s1
    s_endpgm

; Older geometry shader: a triangle, and of primitives with odd ids a strip of two more. Nothing is
; stored.
.section emits,"ax"
    threads         8
    s_sendmsg       sendmsg(MSG_GS, GS_OP_EMIT, 0)
    s_sendmsg       sendmsg(MSG_GS, GS_OP_EMIT, 0)
    s_sendmsg       sendmsg(MSG_GS, GS_OP_EMIT_CUT, 0)
    v_and_b32       v14, 1, v2
    v_cmp_eq_u32    vcc_lo, 1, v14
    s_and_b32       exec_lo, exec_lo, vcc_lo
    s_sendmsg       sendmsg(MSG_GS, GS_OP_EMIT, 0)
    s_sendmsg       sendmsg(MSG_GS, GS_OP_EMIT, 0)
    s_sendmsg       sendmsg(MSG_GS, GS_OP_EMIT, 0)
    s_sendmsg       sendmsg(MSG_GS, GS_OP_EMIT, 0)
    s_sendmsg       sendmsg(MSG_GS_DONE, GS_OP_NOP)
    s_endpgm

; Never ends.
.section spins,"ax"
1:  s_branch        1b
