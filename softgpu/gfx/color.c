/* SPDX-License-Identifier: MIT
 *
 * Writing colours: see color.h.
 */
#include <string.h>

#include "softgpu/gfx/output.h"
#include "softgpu/isa/exec/host.h"
#include "softgpu/isa/exec/sem_base.h"

/* ---- elements in memory ---- */

static void element_load(const uint8_t *host, unsigned bytes, struct gfx_element *out)
{
    switch (bytes) {
    case 1:
        out->dword[0] = isa_host_load8(host);
        break;
    case 2:
        out->dword[0] = isa_host_load16(host);
        break;
    default:
        isa_host_copy_dwords(out->dword, host, bytes / 4);
        break;
    }
}

static void element_store(uint8_t *host, unsigned bytes, const struct gfx_element *element)
{
    switch (bytes) {
    case 1:
        isa_host_store8(host, (uint8_t)element->dword[0]);
        break;
    case 2:
        isa_host_store16(host, (uint16_t)element->dword[0]);
        break;
    case 4:
        isa_host_store32(host, element->dword[0]);
        break;
    default:
        isa_host_copy_dwords(host, element->dword, bytes / 4);
        break;
    }
}

/* ---- values ---- */

/* The commonest formats by a shorter way: norms of 8 bits, rounded to nearest. */
static uint32_t bytes_pack(const struct gfx_color_target *target, const uint32_t color[4])
{
    uint32_t out = 0;

    for (unsigned i = 0; i < target->format.components; i++) {
        double v = (double)sem_f32(color[target->format.order[i]]) * UINT8_MAX;

        v = v > 0 ? (v < UINT8_MAX ? v : UINT8_MAX) : 0; /* NaN: 0 */
        out |= (uint32_t)(int32_t)(v + 0.5) << 8 * i;
    }
    return out;
}

static void value_pack(const struct gfx_color_target *target, const uint32_t color[4],
                       struct gfx_element *out)
{
    uint32_t ordered[4] = {0};

    if (target->bytes) {
        out->dword[0] = bytes_pack(target, color);
        return;
    }
    for (unsigned i = 0; i < target->format.components; i++)
        ordered[i] = color[target->format.order[i]];
    memset(out, 0, sizeof(*out));
    isa_format_pack_rounded(target->format.format, ordered, target->rounding,
                            (uint8_t *)out->dword);
}

/* Colours that memory does not have are 0, alpha is 1. */
static void value_unpack(const struct gfx_color_target *target, const struct gfx_element *element,
                         float out[4])
{
    uint32_t ordered[4];

    out[0] = out[1] = out[2] = 0;
    out[3] = 1;
    if (target->bytes) {
        for (unsigned i = 0; i < target->format.components; i++)
            out[target->format.order[i]] =
                (float)(element->dword[0] >> 8 * i & UINT8_MAX) / UINT8_MAX;
    } else {
        isa_format_unpack(target->format.format, (const uint8_t *)element->dword, ordered);
        for (unsigned i = 0; i < target->format.components; i++)
            out[target->format.order[i]] = sem_f32(ordered[i]);
    }
    if (target->opaque)
        out[3] = 1;
}

static void value_blend(const struct gfx_color_target *target, const struct gfx_fragment *fragment,
                        unsigned n, const struct gfx_element *old, struct gfx_element *out)
{
    const uint32_t *src1 = fragment->color[target->dual ? 1 : n];
    struct gfx_blend_input in;
    float blended[4];
    uint32_t color[4];

    memcpy(in.src, fragment->color[n], sizeof(in.src));
    memcpy(in.src1, src1, sizeof(in.src1));
    value_unpack(target, old, in.dst);
    gfx_blend_apply(&target->blend, &in, blended);
    memcpy(color, blended, sizeof(color));
    value_pack(target, color, out);
}

/* Packs a colour once as long as it stays the same, as in clears. */
static const struct gfx_element *value_known(struct gfx_color_target *target,
                                             const uint32_t color[4])
{
    if (!target->known_valid || memcmp(target->known, color, sizeof(target->known)) != 0) {
        memcpy(target->known, color, sizeof(target->known));
        value_pack(target, color, &target->known_element);
        target->known_valid = true;
    }
    return &target->known_element;
}

/* ---- pixels ---- */

static void sample_write(struct gfx_color_target *target, const struct gfx_fragment *fragment,
                         unsigned n, uint8_t *host)
{
    const unsigned bytes = target->format.format->bytes;
    const unsigned dwords = (bytes + 3) / 4;
    struct gfx_element old = {{0}}, new;

    if (!target->reads) {
        element_store(host, bytes, value_known(target, fragment->color[n]));
        return;
    }
    element_load(host, bytes, &old);
    if (target->blend.enabled)
        value_blend(target, fragment, n, &old, &new);
    else
        new = *value_known(target, fragment->color[n]);
    for (unsigned i = 0; i < dwords; i++) {
        uint32_t value = gfx_rop(target->rop, new.dword[i], old.dword[i]);

        new.dword[i] = (value & target->mask.dword[i]) | (old.dword[i] & ~target->mask.dword[i]);
    }
    element_store(host, bytes, &new);
}

/* Pixels outside of the surface, and what a view without layers gets, go nowhere. */
static bool target_holds(const struct gfx_color_target *target, const struct gfx_fragment *fragment,
                         struct gfx_place *out_place)
{
    *out_place = (struct gfx_place){
        (uint32_t)fragment->x, (uint32_t)fragment->y,
        gfx_view_slice(target->first_slice, target->last_slice, fragment->layer)};
    return out_place->x < target->width && out_place->y < target->height &&
           target->first_slice <= target->last_slice;
}

/* Where a sample's element is; NULL: pipeline->fault or ->obstacle. */
static uint8_t *sample_host(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                            const struct gfx_place *place, unsigned sample)
{
    if ((target->metadata.dcc || target->metadata.cmask) &&
        !gfx_color_open(pipeline, target, place, sample))
        return NULL;
    return gfx_port_host(pipeline, &target->port, gfx_color_locate(target, place, sample),
                         target->format.format->bytes);
}

static bool fragment_write(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                           const struct gfx_fragment *fragment, unsigned n)
{
    const unsigned samples = 1u << target->samples_log2;
    struct gfx_place place;

    if (!target_holds(target, fragment, &place))
        return true;
    for (unsigned s = 0; s < samples; s++) {
        uint8_t *host;

        if (!(fragment->samples >> s & 1))
            continue;
        host = sample_host(pipeline, target, &place, s);
        if (!host)
            return false;
        sample_write(target, fragment, n, host);
    }
    return true;
}

/* ---- passes ---- */

/* Fills what is cleared around a pixel. */
static bool fragment_open(struct gfx_pipeline *pipeline, struct gfx_color_target *target,
                          const struct gfx_fragment *fragment)
{
    struct gfx_place place;

    if (!target_holds(target, fragment, &place))
        return true;
    for (unsigned s = 0; s < 1u << target->samples_log2; s++)
        if (!sample_host(pipeline, target, &place, s))
            return false;
    return true;
}

/* The mean of a pixel's samples. */
static bool pixel_mean(struct gfx_pipeline *pipeline, struct gfx_color_target *from,
                       const struct gfx_place *place, float out[4])
{
    const unsigned samples = 1u << from->samples_log2;

    memset(out, 0, 4 * sizeof(*out));
    for (unsigned s = 0; s < samples; s++) {
        const uint8_t *host = sample_host(pipeline, from, place, s);
        struct gfx_element element = {{0}};
        float value[4];

        if (!host)
            return false;
        element_load(host, from->format.format->bytes, &element);
        value_unpack(from, &element, value);
        for (unsigned c = 0; c < 4; c++)
            out[c] += value[c] / (float)samples;
    }
    return true;
}

static bool fragment_resolve(struct gfx_pipeline *pipeline, struct gfx_color *color,
                             const struct gfx_fragment *fragment)
{
    struct gfx_color_target *from = &color->target[0], *to = &color->target[1];
    struct gfx_place source, target;
    struct gfx_element element;
    uint32_t packed[4];
    float mean[4];
    uint8_t *host;

    if (!target_holds(from, fragment, &source) || !target_holds(to, fragment, &target))
        return true;
    if (!pixel_mean(pipeline, from, &source, mean))
        return false;
    host = sample_host(pipeline, to, &target, 0);
    if (!host)
        return false;
    memcpy(packed, mean, sizeof(packed));
    value_pack(to, packed, &element);
    element_store(host, to->format.format->bytes, &element);
    return true;
}

static enum gfx_result pass_run(struct gfx_pipeline *pipeline, const struct gfx_fragment *fragments,
                                uint32_t count)
{
    struct gfx_color *color = &pipeline->output->color;

    for (uint32_t i = 0; i < count; i++) {
        bool ok = true;

        if (!fragments[i].samples)
            continue;
        if (color->mode == GFX_COLOR_RESOLVE)
            ok = fragment_resolve(pipeline, color, &fragments[i]);
        else if (color->on & 1)
            ok = fragment_open(pipeline, &color->target[0], &fragments[i]);
        if (!ok)
            return GFX_FAULT;
    }
    return GFX_DONE;
}

enum gfx_result gfx_color_run(struct gfx_pipeline *pipeline, const struct gfx_fragment *fragments,
                              uint32_t count)
{
    struct gfx_color *color = &pipeline->output->color;

    if (color->mode != GFX_COLOR_NORMAL)
        return pass_run(pipeline, fragments, count);
    for (unsigned n = 0; n < GFX_COLOR_TARGETS; n++) {
        if (!(color->on >> n & 1))
            continue;
        for (uint32_t i = 0; i < count; i++)
            if (fragments[i].exported >> n & 1 &&
                !fragment_write(pipeline, &color->target[n], &fragments[i], n))
                return GFX_FAULT;
    }
    return GFX_DONE;
}
