/* SPDX-License-Identifier: MIT */
#include "softgpu/gfx/state.h"

#include <string.h>

void gfx_state_reset(struct gfx_state *state)
{
    memset(state, 0, sizeof(*state));
}
