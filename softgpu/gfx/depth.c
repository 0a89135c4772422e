/* SPDX-License-Identifier: MIT
 *
 * Testing samples: see depth.h.
 */
#include "softgpu/gfx/output.h"
#include "softgpu/isa/exec/host.h"

/* ---- planes ---- */

static uint8_t *plane_host(struct gfx_pipeline *pipeline, struct gfx_depth_plane *plane,
                           const struct gfx_fragment *fragment, unsigned sample)
{
    const struct gfx_depth *depth = &pipeline->output->depth;
    uint32_t slice = gfx_view_slice(depth->first_slice, depth->last_slice, fragment->layer);
    uint64_t va = surface_locate(&plane->layout, plane->base, depth->level, (uint32_t)fragment->x,
                                 (uint32_t)fragment->y, slice, sample);

    return gfx_port_host(pipeline, &plane->port, va, plane->layout.element_bytes);
}

static uint32_t z_load(enum gfx_z_format format, const uint8_t *host)
{
    if (format == GFX_Z_16)
        return isa_host_load16(host);
    return isa_host_load32(host) & (format == GFX_Z_24 ? 0xffffff : UINT32_MAX);
}

/* The upper bits beside 24 are not the depth's. */
static void z_store(enum gfx_z_format format, uint8_t *host, uint32_t z)
{
    if (format == GFX_Z_16)
        isa_host_store16(host, (uint16_t)z);
    else
        isa_host_store32(host, format == GFX_Z_24 ? (isa_host_load32(host) & 0xff000000) | z : z);
}

/* ---- one sample ---- */

/* What is known of a sample while it is tested. */
struct sample {
    uint8_t *z, *stencil;  /* in memory; NULL: no such plane takes part */
    uint32_t old_z, new_z; /* as stored */
    uint8_t old_stencil, reference;
};

static bool sample_load(struct gfx_pipeline *pipeline, const struct gfx_fragment *fragment,
                        unsigned s, struct sample *out)
{
    struct gfx_depth *depth = &pipeline->output->depth;

    *out = (struct sample){0};
    if (depth->z_test || depth->bounds_test) {
        out->z = plane_host(pipeline, &depth->z, fragment, s);
        if (!out->z)
            return false;
        out->old_z = z_load(depth->format, out->z);
        out->new_z =
            depth->z_clear ? depth->z_clear_value : gfx_z_pack(depth->format, fragment->z[s]);
    }
    if (depth->stencil_test) {
        out->stencil = plane_host(pipeline, &depth->stencil, fragment, s);
        if (!out->stencil)
            return false;
        out->old_stencil = isa_host_load8(out->stencil);
    }
    return true;
}

static bool stencil_passes(const struct gfx_stencil_face *face, const struct sample *sample)
{
    uint8_t left = sample->reference & face->mask, right = sample->old_stencil & face->mask;

    return gfx_z_compare(GFX_Z_16, (enum gfx_compare)face->compare, left, right);
}

static void stencil_update(const struct gfx_depth *depth, const struct gfx_stencil_face *face,
                           const struct sample *sample, unsigned op)
{
    uint8_t value = depth->stencil_clear
                        ? depth->stencil_clear_value
                        : gfx_stencil_apply((enum gfx_stencil_op)op, sample->old_stencil,
                                            sample->reference, face->operand);

    value = (uint8_t)((value & face->write_mask) | (sample->old_stencil & ~face->write_mask));
    if (value != sample->old_stencil)
        isa_host_store8(sample->stencil, value);
}

static bool bounds_hold(const struct gfx_depth *depth, const struct sample *sample)
{
    float z = gfx_z_unpack(depth->format, sample->old_z);

    return z >= depth->bounds_min && z <= depth->bounds_max;
}

/* True: it lives. */
static bool sample_test(const struct gfx_depth *depth, const struct gfx_stencil_face *face,
                        const struct sample *sample)
{
    bool stencil, z;

    if (depth->bounds_test && !bounds_hold(depth, sample))
        return false;
    stencil = !depth->stencil_test || stencil_passes(face, sample);
    z = !depth->z_test || gfx_z_compare(depth->format, (enum gfx_compare)depth->z_compare,
                                        sample->new_z, sample->old_z);
    if (depth->stencil_test && depth->stencil.writable)
        stencil_update(depth, face, sample, !stencil ? face->fail : z ? face->pass : face->zfail);
    if (!stencil || !z)
        return false;
    if (depth->z_write)
        z_store(depth->format, sample->z, sample->new_z);
    return true;
}

/* ---- fragments ---- */

/* Nothing is tested outside of the surface. */
static bool depth_holds(const struct gfx_depth *depth, const struct gfx_fragment *fragment)
{
    return (depth->z_test || depth->bounds_test || depth->stencil_test || depth->htile.expands) &&
           (uint32_t)fragment->x < depth->width && (uint32_t)fragment->y < depth->height &&
           depth->first_slice <= depth->last_slice;
}

static bool fragment_test(struct gfx_pipeline *pipeline, struct gfx_fragment *fragment)
{
    const struct gfx_depth *depth = &pipeline->output->depth;
    const struct gfx_stencil_face *face = &depth->face[fragment->front ? 0 : 1];

    if (depth->htile.on && fragment->samples && !gfx_htile_open(pipeline, fragment))
        return false;
    for (unsigned s = 0; s < 1u << depth->samples_log2; s++) {
        struct sample sample;

        if (!(fragment->samples >> s & 1))
            continue;
        if (!sample_load(pipeline, fragment, s, &sample))
            return false;
        sample.reference = depth->stencil_exported ? fragment->stencil : face->reference;
        if (!sample_test(depth, face, &sample))
            fragment->samples &= (uint16_t) ~(1u << s);
    }
    return true;
}

enum gfx_result gfx_depth_run(struct gfx_pipeline *pipeline, struct gfx_fragment *fragments,
                              uint32_t count)
{
    const struct gfx_depth *depth = &pipeline->output->depth;

    for (uint32_t i = 0; i < count; i++) {
        if (depth_holds(depth, &fragments[i]) && !fragment_test(pipeline, &fragments[i]))
            return GFX_FAULT;
        if (depth->counts)
            pipeline->state->samples_passed += (unsigned)__builtin_popcount(fragments[i].samples);
    }
    return GFX_DONE;
}
