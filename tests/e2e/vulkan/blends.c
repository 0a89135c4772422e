/* SPDX-License-Identifier: MIT
 *
 * Blending by all factors and operations, with two sources, and logic operations, as a program sets
 * them up: two layers over a cleared target, compared with doubles.
 */
#include "drawing.h"

#include <math.h>

enum { PIXELS = DRAWING_SIZE * DRAWING_SIZE };

static const float constants[4] = {0.25f, 0.5f, 0.75f, 0.625f};
static const float layers[2][4] = {{0.5f, 0.25f, 0.75f, 0.375f}, {0.125f, 1, 0.3125f, 0.6875f}};

/* ---- on the CPU ---- */

struct inputs {
    double src[4], src1[4], dst[4];
};

static double factor(const struct inputs *in, VkBlendFactor f, unsigned c)
{
    switch (f) {
    case VK_BLEND_FACTOR_ZERO:
        return 0;
    case VK_BLEND_FACTOR_ONE:
        return 1;
    case VK_BLEND_FACTOR_SRC_COLOR:
        return in->src[c];
    case VK_BLEND_FACTOR_ONE_MINUS_SRC_COLOR:
        return 1 - in->src[c];
    case VK_BLEND_FACTOR_DST_COLOR:
        return in->dst[c];
    case VK_BLEND_FACTOR_ONE_MINUS_DST_COLOR:
        return 1 - in->dst[c];
    case VK_BLEND_FACTOR_SRC_ALPHA:
        return in->src[3];
    case VK_BLEND_FACTOR_ONE_MINUS_SRC_ALPHA:
        return 1 - in->src[3];
    case VK_BLEND_FACTOR_DST_ALPHA:
        return in->dst[3];
    case VK_BLEND_FACTOR_ONE_MINUS_DST_ALPHA:
        return 1 - in->dst[3];
    case VK_BLEND_FACTOR_CONSTANT_COLOR:
        return (double)constants[c];
    case VK_BLEND_FACTOR_ONE_MINUS_CONSTANT_COLOR:
        return 1 - (double)constants[c];
    case VK_BLEND_FACTOR_CONSTANT_ALPHA:
        return (double)constants[3];
    case VK_BLEND_FACTOR_ONE_MINUS_CONSTANT_ALPHA:
        return 1 - (double)constants[3];
    case VK_BLEND_FACTOR_SRC_ALPHA_SATURATE:
        return c == 3 ? 1 : fmin(in->src[3], 1 - in->dst[3]);
    case VK_BLEND_FACTOR_SRC1_COLOR:
        return in->src1[c];
    case VK_BLEND_FACTOR_ONE_MINUS_SRC1_COLOR:
        return 1 - in->src1[c];
    case VK_BLEND_FACTOR_SRC1_ALPHA:
        return in->src1[3];
    default:
        return 1 - in->src1[3];
    }
}

static double blended(const struct inputs *in, VkBlendFactor src, VkBlendFactor dst, VkBlendOp op,
                      unsigned c)
{
    double a = in->src[c] * factor(in, src, c), b = in->dst[c] * factor(in, dst, c);

    switch (op) {
    case VK_BLEND_OP_ADD:
        return a + b;
    case VK_BLEND_OP_SUBTRACT:
        return a - b;
    case VK_BLEND_OP_REVERSE_SUBTRACT:
        return b - a;
    case VK_BLEND_OP_MIN: /* without factors */
        return fmin(in->src[c], in->dst[c]);
    default:
        return fmax(in->src[c], in->dst[c]);
    }
}

/* Both layers; norms are clamped after each. */
static void expected(const VkPipelineColorBlendAttachmentState *b, bool norm, double out[4])
{
    struct inputs in = {.dst = {0}};

    for (unsigned layer = 0; layer < 2; layer++) {
        for (unsigned c = 0; c < 4; c++) {
            in.src[c] = (double)layers[layer][c];
            in.src1[c] = (double)layers[layer][(c + 3) % 4]; /* draw_two.frag */
        }
        for (unsigned c = 0; c < 4; c++)
            out[c] = c == 3 ? blended(&in, b->srcAlphaBlendFactor, b->dstAlphaBlendFactor,
                                      b->alphaBlendOp, c)
                            : blended(&in, b->srcColorBlendFactor, b->dstColorBlendFactor,
                                      b->colorBlendOp, c);
        for (unsigned c = 0; c < 4; c++)
            in.dst[c] = out[c] = norm ? fmin(fmax(out[c], 0), 1) : out[c];
    }
}

/* ---- on the GPU ---- */

/* Draws both layers over all; the result is the first pixel's, which all must have. */
static void layers_draw(struct vkc *vkc, VkFormat format, unsigned bytes, const char *fragment,
                        const VkPipelineColorBlendStateCreateInfo *state, void *out_texel)
{
    const struct drawing_desc desc = {.fragment = fragment,
                                      .format = format,
                                      .tiling = VK_IMAGE_TILING_OPTIMAL,
                                      .topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
                                      .blend_state = state};
    struct drawing_vertex *vertices;
    struct vkc_buffer got;
    struct drawing d;

    drawing_create(vkc, &desc, &d);
    vertices = d.vertices.host;
    for (unsigned i = 0; i < 6; i++) {
        vertices[i].position[0] = i % 3 == 1 ? 2 * DRAWING_SIZE : 0;
        vertices[i].position[1] = i % 3 == 2 ? 2 * DRAWING_SIZE : 0;
        memcpy(vertices[i].color, layers[i / 3], sizeof layers[0]);
    }
    drawing_begin(&d);
    vkCmdDraw(d.commands, 6, 1, 0, 0);
    drawing_end(&d, bytes, &got);
    memcpy(out_texel, got.host, bytes);
    for (unsigned i = 0; i < PIXELS; i++)
        EXPECT(memcmp((uint8_t *)got.host + (size_t)i * bytes, out_texel, bytes) == 0,
               "pixel %u differs from the first", i);
    vkc_buffer_destroy(vkc, &got);
    drawing_destroy(&d);
}

static void check(struct vkc *vkc, const VkPipelineColorBlendAttachmentState *attachment, bool norm,
                  bool dual)
{
    VkPipelineColorBlendStateCreateInfo state = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
        .attachmentCount = 1,
        .pAttachments = attachment};
    uint8_t bytes[4];
    float floats[4];
    double want[4];

    memcpy(state.blendConstants, constants, sizeof constants);
    layers_draw(vkc, norm ? VK_FORMAT_R8G8B8A8_UNORM : VK_FORMAT_R32G32B32A32_SFLOAT,
                norm ? sizeof bytes : sizeof floats,
                dual ? SHADER("draw_two") : SHADER("draw_shade"), &state,
                norm ? (void *)bytes : (void *)floats);
    expected(attachment, norm, want);
    for (unsigned c = 0; c < 4; c++) {
        double got = norm ? bytes[c] / 255.0 : (double)floats[c];

        /* Of norms both layers are rounded. */
        EXPECT(fabs(got - want[c]) < (norm ? 2.01 / 255 : 1e-5),
               "factors %d %d, operation %d: component %u is %g, not %g",
               attachment->srcColorBlendFactor, attachment->dstColorBlendFactor,
               attachment->colorBlendOp, c, got, want[c]);
    }
}

/* Every pair of factors, with an operation that changes from pair to pair; the alpha's pair is
 * another one. */
static void test_factors(struct vkc *vkc)
{
    enum { FACTORS = VK_BLEND_FACTOR_ONE_MINUS_SRC1_ALPHA + 1, OPERATIONS = 5 };

    for (unsigned i = 0; i < FACTORS * FACTORS; i++) {
        const unsigned src = i % FACTORS, dst = i / FACTORS;
        const unsigned alpha_src = (src + 7) % FACTORS, alpha_dst = (dst + 4) % FACTORS;
        const unsigned first_dual = VK_BLEND_FACTOR_SRC1_COLOR;
        const VkPipelineColorBlendAttachmentState attachment = {
            .blendEnable = true,
            .srcColorBlendFactor = (VkBlendFactor)src,
            .dstColorBlendFactor = (VkBlendFactor)dst,
            .colorBlendOp = (VkBlendOp)(scramble(i) % OPERATIONS),
            .srcAlphaBlendFactor = (VkBlendFactor)alpha_src,
            .dstAlphaBlendFactor = (VkBlendFactor)alpha_dst,
            .alphaBlendOp = (VkBlendOp)(scramble(i + 1) % OPERATIONS),
            .colorWriteMask = 0xf};

        check(vkc, &attachment, i % 2,
              src >= first_dual || dst >= first_dual || alpha_src >= first_dual ||
                  alpha_dst >= first_dual);
    }
}

/* ---- logic operations ---- */

static uint8_t logic(VkLogicOp op, uint8_t s, uint8_t d)
{
    const int results[16] = {0,        s & d,    s & ~d, s,      ~s & d, d,      s ^ d,    s | d,
                             ~(s | d), ~(s ^ d), ~d,     s | ~d, ~s,     ~s | d, ~(s & d), 255};

    return (uint8_t)results[op];
}

static void test_logic(struct vkc *vkc)
{
    const VkPipelineColorBlendAttachmentState attachment = {.colorWriteMask = 0xf};

    for (unsigned op = 0; op < 16; op++) {
        const VkPipelineColorBlendStateCreateInfo state = {
            .sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
            .logicOpEnable = true,
            .logicOp = (VkLogicOp)op,
            .attachmentCount = 1,
            .pAttachments = &attachment};
        uint8_t got[4];

        layers_draw(vkc, VK_FORMAT_R8G8B8A8_UNORM, 4, SHADER("draw_shade"), &state, got);
        for (unsigned c = 0; c < 4; c++) {
            uint8_t want = 0;

            for (unsigned layer = 0; layer < 2; layer++)
                want = logic((VkLogicOp)op, (uint8_t)lroundf(layers[layer][c] * 255), want);
            EXPECT(got[c] == want, "logic operation %u: component %u is 0x%02x, not 0x%02x", op, c,
                   got[c], want);
        }
    }
}

int main(void)
{
    const struct vkc_options options = {0};
    struct vkc vkc;

    vkc_open(&options, &vkc);
    test_factors(&vkc);
    test_logic(&vkc);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
