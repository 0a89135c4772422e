/* SPDX-License-Identifier: MIT
 *
 * What the registers say of depth and stencil, when a draw begins.
 */
#include <string.h>

#include "base/bits.h"
#include "softgpu/gfx/output.h"
#include "softgpu/isa/exec/sem_base.h"

/* ---- tests ---- */

static struct gfx_stencil_face face_read(uint32_t compare, uint32_t operations, uint32_t values)
{
    return (struct gfx_stencil_face){.compare = compare & 7,
                                     .fail = operations & 15,
                                     .pass = operations >> 4 & 15,
                                     .zfail = operations >> 8 & 15,
                                     .reference = (uint8_t)values,
                                     .mask = (uint8_t)(values >> 8),
                                     .write_mask = (uint8_t)(values >> 16),
                                     .operand = (uint8_t)(values >> 24)};
}

/* After depth_place(), which says what there is to test and to write. */
static void depth_tests(const struct gfx_registers *r, struct gfx_depth *depth)
{
    const uint32_t control = gfx_context(r, GFX_DB_DEPTH_CONTROL);
    const uint32_t operations = gfx_context(r, GFX_DB_STENCIL_CONTROL);
    const uint32_t render = gfx_context(r, GFX_DB_RENDER_CONTROL);

    depth->z_test = depth->z.present && BITS(control, 1, 1);
    depth->z_write = depth->z_test && BITS(control, 2, 2) && depth->z.writable;
    depth->z_compare = BITS(control, 4, 6);
    depth->bounds_test = depth->z.present && BITS(control, 3, 3);
    depth->bounds_min = sem_f32(gfx_context(r, GFX_DB_DEPTH_BOUNDS_MIN));
    depth->bounds_max = sem_f32(gfx_context(r, GFX_DB_DEPTH_BOUNDS_MAX));
    depth->stencil_test = depth->stencil.present && BITS(control, 0, 0);
    depth->face[0] =
        face_read(BITS(control, 8, 10), operations, gfx_context(r, GFX_DB_STENCILREFMASK));
    depth->face[1] = depth->face[0];
    if (BITS(control, 7, 7))
        depth->face[1] = face_read(BITS(control, 20, 22), operations >> 12,
                                   gfx_context(r, GFX_DB_STENCILREFMASK_BF));
    depth->z_clear = BITS(render, 0, 0);
    depth->stencil_clear = BITS(render, 1, 1);
    depth->z_clear_value = gfx_z_pack(depth->format, sem_f32(gfx_context(r, GFX_DB_DEPTH_CLEAR)));
    depth->stencil_clear_value = (uint8_t)gfx_context(r, GFX_DB_STENCIL_CLEAR);
    depth->stencil_exported = BITS(gfx_context(r, GFX_DB_SHADER_CONTROL), 1, 1);
    depth->counts = !BITS(gfx_context(r, GFX_DB_COUNT_CONTROL), 0, 0);
}

/* ---- place ---- */

/* Both planes have one size; each has a swizzle mode of its own. */
static struct surface_shape plane_shape(const struct gfx_registers *r, unsigned swizzle,
                                        unsigned bytes)
{
    const uint32_t size = gfx_context(r, GFX_DB_DEPTH_SIZE_XY);
    const uint32_t info = gfx_context(r, GFX_DB_Z_INFO);

    return (struct surface_shape){.dimension = SURFACE_2D,
                                  .swizzle = swizzle,
                                  .element_bytes = bytes,
                                  .samples_log2 = BITS(info, 2, 3),
                                  .width = BITS(size, 0, 13) + 1,
                                  .height = BITS(size, 16, 29) + 1,
                                  .depth = 1,
                                  .levels = BITS(info, 16, 19) + 1};
}

/* A plane that is only read is written all the same where metadata says that it is cleared. */
static const char *plane_place(const struct surface_shape *shape, bool has_metadata,
                               struct gfx_depth_plane *plane)
{
    plane->present = true;
    plane->port.access = ISA_ACCESS_READ | (plane->writable || has_metadata ? ISA_ACCESS_WRITE : 0);
    return surface_layout_init(&plane->layout, shape);
}

static const char *planes_place(const struct gfx_registers *r, struct gfx_depth *depth)
{
    const uint32_t z_info = gfx_context(r, GFX_DB_Z_INFO);
    const uint32_t stencil_info = gfx_context(r, GFX_DB_STENCIL_INFO);
    const bool has_z = depth->format != GFX_Z_NONE, has_metadata = BITS(z_info, 29, 29);
    const struct surface_shape z =
        plane_shape(r, BITS(z_info, 4, 8), depth->format == GFX_Z_16 ? 2 : 4);
    const struct surface_shape stencil = plane_shape(r, BITS(stencil_info, 4, 8), 1);
    const char *obstacle = has_z ? plane_place(&z, has_metadata, &depth->z) : NULL;

    if (!obstacle && BITS(stencil_info, 0, 0))
        obstacle = plane_place(&stencil, has_metadata, &depth->stencil);
    return obstacle ? obstacle : gfx_htile_begin(r, has_z ? &z : &stencil, &depth->htile);
}

static const char *depth_place(const struct gfx_registers *r, struct gfx_depth *depth)
{
    const uint32_t z_info = gfx_context(r, GFX_DB_Z_INFO);
    const uint32_t stencil_info = gfx_context(r, GFX_DB_STENCIL_INFO);
    const uint32_t view = gfx_context(r, GFX_DB_DEPTH_VIEW);
    const uint32_t size = gfx_context(r, GFX_DB_DEPTH_SIZE_XY);

    depth->format = (enum gfx_z_format)BITS(z_info, 0, 1);
    depth->samples_log2 = BITS(z_info, 2, 3);
    depth->level = BITS(view, 26, 29);
    depth->width = (BITS(size, 0, 13) + 1) >> depth->level;
    depth->height = (BITS(size, 16, 29) + 1) >> depth->level;
    depth->width += !depth->width;
    depth->height += !depth->height;
    depth->first_slice = BITS(view, 0, 10) | BITS(view, 11, 12) << 11;
    depth->last_slice = BITS(view, 13, 23) | BITS(view, 30, 31) << 11;
    depth->z.writable = !BITS(view, 24, 24);
    depth->stencil.writable = !BITS(view, 25, 25);
    if (depth->format == GFX_Z_NONE && !BITS(stencil_info, 0, 0))
        return NULL;
    if (depth->level > BITS(z_info, 16, 19))
        return "a mip level that the surface does not have";
    depth->z.base = gfx_context_address(r, GFX_DB_Z_WRITE_BASE, GFX_DB_Z_WRITE_BASE_HI);
    depth->stencil.base =
        gfx_context_address(r, GFX_DB_STENCIL_WRITE_BASE, GFX_DB_STENCIL_WRITE_BASE_HI);
    if (depth->z.base != gfx_context_address(r, GFX_DB_Z_READ_BASE, GFX_DB_Z_READ_BASE_HI) ||
        depth->stencil.base !=
            gfx_context_address(r, GFX_DB_STENCIL_READ_BASE, GFX_DB_STENCIL_READ_BASE_HI))
        return "reading one surface and writing another is not modelled";
    return planes_place(r, depth);
}

/* ---- what is not modelled ---- */

static const char *control_obstacle(const struct gfx_registers *r)
{
    if (BITS(gfx_context(r, GFX_DB_RENDER_CONTROL), 2, 3))
        return "copies from depth to colour are not modelled";
    if (BITS(gfx_context(r, GFX_DB_DEPTH_CONTROL), 30, 31))
        return "colour writes by the outcome of the depth test are not modelled";
    if (BITS(gfx_context(r, GFX_DB_SHADER_CONTROL), 2, 2))
        return "exported stencil operands are not modelled";
    if (BITS(gfx_context(r, GFX_DB_RENDER_OVERRIDE), 10, 10))
        return "draws that drop all colours are not modelled";
    return NULL;
}

enum gfx_result gfx_depth_begin(struct gfx_pipeline *pipeline)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    struct gfx_depth *depth = &pipeline->output->depth;
    const char *obstacle = control_obstacle(registers);

    memset(depth, 0, sizeof(*depth));
    if (!obstacle)
        obstacle = depth_place(registers, depth);
    if (obstacle)
        return gfx_refuse(pipeline, "depth and stencil: %s (DB_Z_INFO 0x%08x)", obstacle,
                          gfx_context(registers, GFX_DB_Z_INFO));
    depth_tests(registers, depth);
    return GFX_DONE;
}

void gfx_depth_forget_windows(struct gfx_depth *depth)
{
    gfx_port_forget(&depth->z.port);
    gfx_port_forget(&depth->stencil.port);
    gfx_port_forget(&depth->htile.port);
}
