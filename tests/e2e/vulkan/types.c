/* SPDX-License-Identifier: MIT
 *
 * Numbers of all sizes, in structures that a shader reaches by address: buffer device addresses,
 * 8- and 16-bit storage, 64-bit integers, half and double precision.
 */
#include "test.h"

#include <math.h>

enum { COUNT = 5000 };

/* As in shaders/types.comp, scalar layout. */
struct numbers {
    int64_t l;
    double d;
    int32_t i;
    float f;
    int16_t s;
    _Float16 h;
    uint16_t us;
    int8_t b;
    uint8_t ub;
};

static struct numbers make(uint32_t seed)
{
    return (struct numbers){
        .l = (int64_t)((uint64_t)scramble(seed) << 32 | scramble(seed + 1)),
        .d = ((double)scramble(seed + 2) - 2e9) / 65537,
        .i = (int32_t)scramble(seed + 3),
        .f = (float)scramble(seed + 4) / 12345,
        .s = (int16_t)scramble(seed + 5),
        .h = (_Float16)((float)(scramble(seed + 6) & 2047) / 64 - 16),
        .us = (uint16_t)scramble(seed + 7),
        .b = (int8_t)scramble(seed + 8),
        .ub = (uint8_t)scramble(seed + 9),
    };
}

static struct numbers sum_of(const struct numbers *a, const struct numbers *b)
{
    return (struct numbers){.l = (int64_t)((uint64_t)a->l + (uint64_t)b->l),
                            .d = a->d + b->d,
                            .i = (int32_t)((uint32_t)a->i + (uint32_t)b->i),
                            .f = a->f + b->f,
                            .s = (int16_t)(a->s + b->s),
                            .h = a->h + b->h,
                            .us = (uint16_t)(a->us + b->us),
                            .b = (int8_t)(a->b + b->b),
                            .ub = (uint8_t)(a->ub + b->ub)};
}

static struct numbers product_of(const struct numbers *a, const struct numbers *b)
{
    return (struct numbers){.l = (int64_t)((uint64_t)a->l * (uint64_t)b->l),
                            .d = a->d * b->d,
                            .i = (int32_t)((uint32_t)a->i * (uint32_t)b->i),
                            .f = a->f * b->f,
                            .s = (int16_t)(a->s * b->s),
                            .h = a->h * b->h,
                            .us = (uint16_t)((uint32_t)a->us * b->us),
                            .b = (int8_t)(a->b * b->b),
                            .ub = (uint8_t)(a->ub * b->ub)};
}

static struct numbers others_of(const struct numbers *a, const struct numbers *b)
{
    int16_t high = a->s > b->s ? a->s : b->s, low = a->s < b->s ? a->s : b->s;
    uint64_t left = (uint64_t)a->l << (b->ub & 63);

    return (struct numbers){.l = (a->l >> (b->i & 63)) ^ (int64_t)left,
                            .d = fma(a->d, b->d, (double)a->i),
                            .i = (a->l > b->l) + 2 * (a->d < b->d) + 4 * (a->h <= b->h) +
                                 8 * (a->us > b->us),
                            .f = (float)a->l + (float)a->h,
                            .s = (int16_t)(high - low / 3),
                            .h = (_Float16)a->s * (b->h < 0 ? -b->h : b->h),
                            .us = (uint16_t)(a->ub << (b->us & 7)),
                            .b = (int8_t)(a->s >> 3),
                            .ub = (uint8_t)(a->ub / (b->ub ? b->ub : 1))};
}

static void expect(const char *what, uint32_t index, const struct numbers *got,
                   const struct numbers *want)
{
    EXPECT(got->l == want->l, "%s %u: %lx, not %lx", what, index, got->l, want->l);
    EXPECT(got->d == want->d, "%s %u: %a, not %a", what, index, got->d, want->d);
    EXPECT(got->i == want->i, "%s %u: %d, not %d", what, index, got->i, want->i);
    EXPECT(got->f == want->f, "%s %u: %a, not %a", what, index, (double)got->f, (double)want->f);
    EXPECT(got->s == want->s, "%s %u: %d, not %d", what, index, got->s, want->s);
    EXPECT(got->h == want->h, "%s %u: %a, not %a", what, index, (double)got->h, (double)want->h);
    EXPECT(got->us == want->us, "%s %u: %u, not %u", what, index, got->us, want->us);
    EXPECT(got->b == want->b, "%s %u: %d, not %d", what, index, got->b, want->b);
    EXPECT(got->ub == want->ub, "%s %u: %u, not %u", what, index, got->ub, want->ub);
}

enum { A, B, SUM, PRODUCT, OTHER, ARRAYS };

int main(void)
{
    struct {
        VkDeviceAddress arrays[ARRAYS];
        uint32_t count, unused;
    } push = {.count = COUNT};
    const struct vkc_pipeline_desc desc = {.shader = SHADER("types"), .push_bytes = sizeof push};
    struct vkc_buffer buffers[ARRAYS];
    struct numbers *at[ARRAYS];
    struct vkc_pipeline pipeline;
    struct vkc vkc;

    vkc_open(NULL, &vkc);
    for (uint32_t i = 0; i < ARRAYS; i++) {
        vkc_buffer_create(&vkc, COUNT * sizeof(struct numbers), &buffers[i]);
        push.arrays[i] = buffers[i].address;
        at[i] = buffers[i].host;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        at[A][i] = make(i * 10);
        at[B][i] = make(~i * 10);
    }
    vkc_pipeline_create(&vkc, &desc, &pipeline);
    vkc_dispatch(&vkc, &pipeline, &push, (COUNT + 63) / 64, 1, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
        const struct numbers *a = &at[A][i], *b = &at[B][i];
        const struct numbers want[] = {sum_of(a, b), product_of(a, b), others_of(a, b)};

        expect("sum", i, &at[SUM][i], &want[0]);
        expect("product", i, &at[PRODUCT][i], &want[1]);
        expect("other", i, &at[OTHER][i], &want[2]);
    }
    vkc_pipeline_destroy(&vkc, &pipeline);
    for (uint32_t i = 0; i < ARRAYS; i++)
        vkc_buffer_destroy(&vkc, &buffers[i]);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
