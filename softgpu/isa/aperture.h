/* SPDX-License-Identifier: MIT
 *
 * Where LDS and scratch lie in the address space of flat instructions, the same for all waves.
 *
 * Source: kernel, kfd_init_apertures_v9(), MAKE_LDS_APP_BASE_V9 and MAKE_SCRATCH_APP_BASE_V9.
 */
#ifndef SOFTGPU_ISA_APERTURE_H
#define SOFTGPU_ISA_APERTURE_H

#include <stdint.h>

#define ISA_SHARED_APERTURE  (UINT64_C(1) << 48)
#define ISA_PRIVATE_APERTURE (UINT64_C(2) << 48)

#endif
