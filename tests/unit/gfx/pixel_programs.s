// SPDX-License-Identifier: MIT
// Pixel shaders for pixel_test.c, a section each. s0 is user data, s1 what M0 gets.

// What the wave starts with.
.section dump,"ax"
	exp mrt0 v0, v1, v2, v3 done vm
	s_endpgm

.section dump_sgprs,"ax"
	v_mov_b32 v0, s0
	v_mov_b32 v1, s1
	v_mov_b32 v2, s2
	v_mov_b32 v3, exec_lo
	exp mrt0 v0, v1, v2, v3 done vm
	s_endpgm

// I and J in v0 and v1.
.section interpolate,"ax"
	s_mov_b32 m0, s1
	v_interp_p1_f32 v2, v0, attr0.x
	v_interp_p1_f32 v3, v0, attr1.y
	v_interp_p2_f32 v2, v1, attr0.x
	v_interp_p2_f32 v3, v1, attr1.y
	v_interp_mov_f32 v4, p0, attr2.z
	v_interp_mov_f32 v5, p20, attr2.w
	exp mrt0 v2, v3, v4, v5 done vm
	s_endpgm

.section interpolate_half,"ax"
	s_mov_b32 m0, s1
	v_mov_b32 v4, 0xabcd1234
	v_mov_b32 v5, 0xabcd1234
	v_interp_p1ll_f16 v2, v0, attr0.x
	v_interp_p1ll_f16 v3, v0, attr0.x high
	v_interp_p2_f16 v4, v1, attr0.x, v2
	v_interp_p2_f16 v5, v1, attr0.x, v3 high
	exp mrt0 v4, v5, v2, v3 done vm
	s_endpgm

// x in v0: odd columns are killed. Wave32.
.section kill,"ax"
	v_cvt_u32_f32 v1, v0
	v_and_b32 v1, 1, v1
	v_cmp_eq_u32 vcc_lo, 0, v1
	s_and_b32 exec_lo, exec_lo, vcc_lo
	exp mrt0 v0, v0, v0, v0 done vm
	s_endpgm

// Everything is killed: what many shaders end with then.
.section kill_all,"ax"
	s_mov_b64 exec, 0
	exp null off, off, off, off done vm
	s_endpgm

// x in v0: its difference in each row of the quad, helpers taking part.
.section derivative,"ax"
	s_mov_b64 s[4:5], exec
	s_wqm_b64 exec, exec
	v_mov_b32_dpp v1, v0 quad_perm:[1,1,3,3] row_mask:0xf bank_mask:0xf
	v_mov_b32_dpp v2, v0 quad_perm:[0,0,2,2] row_mask:0xf bank_mask:0xf
	v_sub_f32 v1, v1, v2
	s_mov_b64 exec, s[4:5]
	exp mrt0 v1, v1, v1, v1 done vm
	s_endpgm

.section compressed,"ax"
	v_mov_b32 v0, 0x40003c00
	v_mov_b32 v1, 0x44004200
	exp mrt1 v0, v0, v1, v1 compr
	exp mrt0 v0, v0, v1, v1 done compr vm
	s_endpgm

// Depth 0.25, stencil 0x5a, sample mask 5.
.section depth,"ax"
	v_mov_b32 v0, 0x3e800000
	v_mov_b32 v1, 0x5a
	v_mov_b32 v2, 5
	exp mrtz v0, v1, v2, off
	exp mrt0 v0, v1, v2, v2 done vm
	s_endpgm

// Stores user data at the address in s[0:1], then nothing.
.section touch,"ax"
	v_mov_b32 v0, 1
	v_mov_b32 v1, 0
	global_atomic_add v1, v0, s[0:1]
	exp null off, off, off, off done vm
	s_endpgm

.section forever,"ax"
	s_branch 0xffff
