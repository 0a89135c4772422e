/* SPDX-License-Identifier: MIT
 *
 * The VGPRs that pixel waves start with. Each bit of SPI_PS_INPUT_ADDR makes room, in the order of
 * bits; the same bit of SPI_PS_INPUT_ENA has it filled. Helper pixels are filled like the others:
 * derivatives come from them.
 *
 * Sources: Mesa's register database (gfx103.json: SPI_PS_INPUT_ENA, SPI_BARYC_CNTL), RADV's
 * declare_ps_input_vgprs() for the order and ACO for what the values are; LLVM's AMDGPU calling
 * convention of pixel shaders.
 */
#include <math.h>

#include "base/bits.h"
#include "softgpu/gfx/pixel.h"
#include "softgpu/isa/exec/sem_base.h"

/* As SPI_BARYC_CNTL.POS_FLOAT_LOCATION numbers them. */
enum place { PLACE_CENTER, PLACE_CENTROID, PLACE_SAMPLE };

/* One pixel of a quad. */
struct lane {
    const struct pixel_setup *setup;
    const struct pixel_slot *slot;
    const struct gfx_surface_primitive *primitive;
    unsigned index;  /* in its quad */
    uint16_t shaded; /* samples that are covered and this iteration's */
};

/* ---- places ---- */

/* The sample that is the centroid of a pixel covered in part; false: the centre is. */
static bool centroid_sample(const struct lane *lane, unsigned *out_sample)
{
    const struct gfx_samples *samples = &lane->setup->samples;

    if (lane->shaded == 0 || lane->shaded == gfx_samples_all(samples))
        return false;
    for (unsigned i = 0; i < samples->count; i++)
        if (lane->shaded >> samples->centroid[i] & 1) {
            *out_sample = samples->centroid[i];
            return true;
        }
    return false;
}

static void place_find(const struct lane *lane, enum place place, double *out_x, double *out_y)
{
    const struct gfx_quad *quad = &lane->slot->quad;
    unsigned sample = lane->slot->iteration;

    *out_x = quad->x + (int)(lane->index & 1) + 0.5;
    *out_y = quad->y + (int)(lane->index >> 1) + 0.5;
    if (place == PLACE_CENTER || (place == PLACE_CENTROID && !centroid_sample(lane, &sample)))
        return;
    *out_x += lane->setup->samples.position[lane->index][sample][0] / (double)GFX_SAMPLE_GRID;
    *out_y += lane->setup->samples.position[lane->index][sample][1] / (double)GFX_SAMPLE_GRID;
}

/* SPI_BARYC_CNTL can have centres and centroids swapped. */
static enum place place_swapped(const struct lane *lane, enum place place, unsigned shift)
{
    if (!BITS(lane->setup->baryc, shift, shift))
        return place;
    return place == PLACE_CENTER ? PLACE_CENTROID : PLACE_CENTER;
}

/* ---- values ---- */

static uint32_t to_bits(double value)
{
    return sem_bits32((float)value);
}

static double plane_at(const struct lane *lane, const struct gfx_plane *plane, double x, double y)
{
    return gfx_plane_at(lane->primitive, plane, x, y);
}

static void fill_perspective(const struct lane *lane, enum place place, uint32_t out[3])
{
    const struct gfx_surface_primitive *primitive = lane->primitive;
    double x, y, w;

    place_find(lane, place, &x, &y);
    w = 1 / plane_at(lane, &primitive->reciprocal_w, x, y);
    out[0] = to_bits(plane_at(lane, &primitive->i_w, x, y) * w);
    out[1] = to_bits(plane_at(lane, &primitive->j_w, x, y) * w);
}

static void fill_linear(const struct lane *lane, enum place place, uint32_t out[3])
{
    double x, y;

    place_find(lane, place, &x, &y);
    out[0] = to_bits(plane_at(lane, &lane->primitive->i, x, y));
    out[1] = to_bits(plane_at(lane, &lane->primitive->j, x, y));
}

static void fill_persp_sample(const struct lane *lane, uint32_t out[3])
{
    fill_perspective(lane, PLACE_SAMPLE, out);
}

static void fill_persp_center(const struct lane *lane, uint32_t out[3])
{
    fill_perspective(lane, place_swapped(lane, PLACE_CENTER, 0), out);
}

static void fill_persp_centroid(const struct lane *lane, uint32_t out[3])
{
    fill_perspective(lane, place_swapped(lane, PLACE_CENTROID, 4), out);
}

/* The program divides by itself: I/W, J/W and 1/W at the centre. */
static void fill_pull_model(const struct lane *lane, uint32_t out[3])
{
    const struct gfx_surface_primitive *primitive = lane->primitive;
    double x, y;

    place_find(lane, PLACE_CENTER, &x, &y);
    out[0] = to_bits(plane_at(lane, &primitive->i_w, x, y));
    out[1] = to_bits(plane_at(lane, &primitive->j_w, x, y));
    out[2] = to_bits(plane_at(lane, &primitive->reciprocal_w, x, y));
}

static void fill_linear_sample(const struct lane *lane, uint32_t out[3])
{
    fill_linear(lane, PLACE_SAMPLE, out);
}

static void fill_linear_center(const struct lane *lane, uint32_t out[3])
{
    fill_linear(lane, place_swapped(lane, PLACE_CENTER, 8), out);
}

static void fill_linear_centroid(const struct lane *lane, uint32_t out[3])
{
    fill_linear(lane, place_swapped(lane, PLACE_CENTROID, 12), out);
}

static void position_find(const struct lane *lane, double *out_x, double *out_y)
{
    place_find(lane, (enum place)BITS(lane->setup->baryc, 16, 17), out_x, out_y);
}

/* POS_FLOAT_ULC: it is the pixel's upper left corner, whichever place is asked for. */
static double coordinate(const struct lane *lane, double at)
{
    return BITS(lane->setup->baryc, 20, 20) ? floor(at) : at;
}

static void fill_x(const struct lane *lane, uint32_t out[3])
{
    double x, y;

    position_find(lane, &x, &y);
    out[0] = to_bits(coordinate(lane, x));
}

static void fill_y(const struct lane *lane, uint32_t out[3])
{
    double x, y;

    position_find(lane, &x, &y);
    out[0] = to_bits(coordinate(lane, y));
}

static void fill_z(const struct lane *lane, uint32_t out[3])
{
    double x, y;

    position_find(lane, &x, &y);
    out[0] = to_bits(plane_at(lane, &lane->primitive->z, x, y));
}

static void fill_w(const struct lane *lane, uint32_t out[3])
{
    double x, y;

    position_find(lane, &x, &y);
    out[0] = to_bits(1 / plane_at(lane, &lane->primitive->reciprocal_w, x, y));
}

/* FRONT_FACE_ALL_BITS: an integer, else the sign of a float. */
static void fill_front(const struct lane *lane, uint32_t out[3])
{
    bool front = lane->primitive->front;

    out[0] = BITS(lane->setup->baryc, 24, 24) ? front : to_bits(front ? 1.0 : -1.0);
}

/* The shading rate in bits 2 to 5 is always one pixel. */
static void fill_ancillary(const struct lane *lane, uint32_t out[3])
{
    out[0] = lane->slot->iteration << 8 | lane->primitive->layer << 16;
}

static void fill_coverage(const struct lane *lane, uint32_t out[3])
{
    const struct gfx_samples *samples = &lane->setup->samples;
    uint16_t covered = lane->slot->quad.coverage[lane->index];

    if (lane->setup->depth_coverage)
        covered &= gfx_samples_lift(samples, lane->slot->live[lane->index]);
    out[0] = gfx_samples_gather(samples, covered);
}

static void fill_fixed(const struct lane *lane, uint32_t out[3])
{
    const struct gfx_quad *quad = &lane->slot->quad;
    uint32_t x = (uint32_t)quad->x + (lane->index & 1), y = (uint32_t)quad->y + (lane->index >> 1);

    out[0] = (x & 0xffff) | y << 16;
}

/* ---- registers ---- */

struct input {
    unsigned registers;
    void (*fill)(const struct lane *lane, uint32_t out[3]);
};

/* By the bit of SPI_PS_INPUT_ENA. LINE_STIPPLE_TEX stays 0: stippled lines are refused, and without
 * them it is what newer drivers enable where a shader has no input, because one there must be. */
static const struct input inputs[16] = {
    {2, fill_persp_sample},
    {2, fill_persp_center},
    {2, fill_persp_centroid},
    {3, fill_pull_model},
    {2, fill_linear_sample},
    {2, fill_linear_center},
    {2, fill_linear_centroid},
    {1, NULL},
    {1, fill_x},
    {1, fill_y},
    {1, fill_z},
    {1, fill_w},
    {1, fill_front},
    {1, fill_ancillary},
    {1, fill_coverage},
    {1, fill_fixed},
};

static void input_fill(const struct gfx_pixel *pixel, const struct input *input, unsigned first,
                       struct isa_wave *w)
{
    for (unsigned i = 0; i < 4 * pixel->slots; i++) {
        const struct pixel_slot *slot = &pixel->slot[i / 4];
        const struct lane lane = {.setup = &pixel->setup,
                                  .slot = slot,
                                  .primitive = slot->quad.primitive,
                                  .index = i % 4,
                                  .shaded =
                                      slot->quad.coverage[i % 4] &
                                      gfx_pixel_iteration_samples(&pixel->setup, slot->iteration)};
        uint32_t value[3] = {0};

        input->fill(&lane, value);
        for (unsigned r = 0; r < input->registers; r++)
            w->vgpr[(size_t)(first + r) * w->lanes + i] = value[r];
    }
}

void gfx_pixel_inputs(const struct gfx_pixel *pixel, struct isa_wave *w)
{
    const uint32_t ena = pixel->setup.input_ena, addr = pixel->setup.input_addr;
    unsigned next = 0;

    for (unsigned bit = 0; bit < sizeof(inputs) / sizeof(inputs[0]); bit++) {
        if (!((ena | addr) >> bit & 1))
            continue;
        if (ena >> bit & 1 && inputs[bit].fill)
            input_fill(pixel, &inputs[bit], next, w);
        next += inputs[bit].registers;
    }
}
