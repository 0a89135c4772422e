/* SPDX-License-Identifier: MIT
 *
 * Rings of the DRM device as peers; see struct graphics_peer. The VM must be shared.
 */
#ifndef ROCWELD_TESTS_E2E_RUNTIME_RING_H
#define ROCWELD_TESTS_E2E_RUNTIME_RING_H

#include "graphics.h"

void *ring_play_gfx(void *graphics);
void *ring_play_compute(void *graphics);

#endif
