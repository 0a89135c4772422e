/* SPDX-License-Identifier: MIT
 *
 * The host's floating-point environment while GPU instructions execute: round to nearest,
 * denormals kept, exceptions masked. A thread may come with another one: it inherits that of the
 * thread that made it, and programs built with -ffast-math flush denormals from the start.
 */
#ifndef SOFTGPU_ISA_EXEC_FPENV_H
#define SOFTGPU_ISA_EXEC_FPENV_H

#include <xmmintrin.h>

enum { ISA_FPENV = 0x1f80 }; /* MXCSR as a process starts with it */

/* Returns what isa_fpenv_leave() puts back. */
static inline unsigned isa_fpenv_enter(void)
{
    unsigned host = _mm_getcsr();

    _mm_setcsr(ISA_FPENV);
    return host;
}

static inline void isa_fpenv_leave(unsigned host)
{
    _mm_setcsr(host);
}

#endif
