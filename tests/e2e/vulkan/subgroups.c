/* SPDX-License-Identifier: MIT
 *
 * Subgroup operations in subgroups of 32 and of 64 (wave32 and wave64 code).
 */
#include "test.h"

#include <math.h>

enum { LOCAL = 128, GROUPS = 5, COUNT = LOCAL * GROUPS, RESULTS = 32, DIVERGENT = 6 };

/* One subgroup: what its invocations hold. */
struct subgroup {
    const uint32_t *value;
    uint32_t size;
};

static uint64_t ballot_odd(const struct subgroup *g)
{
    uint64_t mask = 0;

    for (uint32_t i = 0; i < g->size; i++)
        mask |= (uint64_t)(g->value[i] & 1) << i;
    return mask;
}

static uint32_t reduce(const struct subgroup *g, uint32_t first, uint32_t end, char operation)
{
    uint32_t result = operation == '&' || operation == '<' ? ~0u : operation == '*' ? 1 : 0;

    for (uint32_t i = first; i < end; i++) {
        uint32_t v = g->value[i];

        switch (operation) {
        case '+':
            result += v;
            break;
        case '*':
            result *= v | 1;
            break;
        case '<':
            result = v < result ? v : result;
            break;
        case '>':
            result = v > result ? v : result;
            break;
        case '&':
            result &= v | 0xff;
            break;
        case '|':
            result |= v & 0xff00;
            break;
        default:
            result ^= v;
        }
    }
    return result;
}

static void predicates(const struct subgroup *g, uint32_t *all, uint32_t *any, uint32_t *equal)
{
    *all = *equal = 1;
    *any = 0;
    for (uint32_t i = 0; i < g->size; i++) {
        *all &= g->value[i] > 3;
        *any |= g->value[i] < 0x1000000;
        *equal &= g->value[i] >> 31 == g->value[0] >> 31;
    }
}

/* As shaders/subgroups.comp puts them. Shuffles from outside the subgroup are undefined: not
 * compared. */
static void expect_lane(const struct subgroup *g, uint32_t subgroup, uint32_t lane,
                        const uint32_t *got)
{
    uint64_t ballot = ballot_odd(g), below = ballot & ((UINT64_C(1) << lane) - 1);
    const uint32_t *v = g->value;
    uint32_t all, any, equal;

    predicates(g, &all, &any, &equal);
    const uint32_t want[RESULTS] = {
        g->size,
        lane,
        subgroup,
        (uint32_t)ballot,
        (uint32_t)(ballot >> 32),
        (uint32_t)__builtin_popcountll(ballot),
        (uint32_t)__builtin_popcountll(below),
        reduce(g, 0, g->size, '+'),
        reduce(g, 0, lane + 1, '+'),
        reduce(g, 0, lane, '+'),
        reduce(g, 0, g->size, '<'),
        reduce(g, 0, g->size, '>'),
        reduce(g, 0, lane, '>'),
        reduce(g, 0, g->size, '&'),
        reduce(g, 0, g->size, '|'),
        reduce(g, 0, g->size, '^'),
        reduce(g, 0, g->size, '*'),
        v[lane ^ 21],
        v[lane ^ 5],
        lane >= 3 ? v[lane - 3] : got[19],
        lane + 7 < g->size ? v[lane + 7] : got[20],
        v[9],
        v[0],
        lane == 0,
        all,
        any,
        equal,
        reduce(g, lane & ~7u, (lane & ~7u) + 8, '+'),
        reduce(g, lane & ~15u, (lane & ~15u) + 16, '^'),
        v[(lane & ~3u) + 2],
        v[lane ^ 1],
        v[lane ^ 3],
    };

    for (uint32_t i = 0; i < RESULTS; i++)
        EXPECT(got[i] == want[i], "size %u, subgroup %u, lane %u, result %u: 0x%x, not 0x%x",
               g->size, subgroup, lane, i, got[i], want[i]);
}

static void expect_divergent(const struct subgroup *g, uint32_t lane, const uint32_t *got)
{
    uint32_t sum = 0, seen = 0, steps = 0, turns = 0;
    uint64_t wide = 0;
    float lowest = INFINITY;

    for (uint32_t i = 0; i < g->size; i++) {
        if (g->value[i] & 2) {
            sum += g->value[i];
            wide += (uint64_t)g->value[i] << 20;
        } else {
            lowest = fminf(lowest, (float)(g->value[i] & 0xffff) - 1000);
        }
    }
    for (uint32_t n = g->value[lane] & 1023; n != 1 && steps < 100; steps++)
        n = n & 1 ? 3 * n + 1 : n >> 1;
    for (uint32_t i = 0; !turns; i++) {
        seen |= 1u << (g->value[i] & 7);
        if ((g->value[i] & 7) == (g->value[lane] & 7))
            turns = (uint32_t)__builtin_popcount(seen);
    }
    if (!(g->value[lane] & 2))
        sum = 0, wide = 0;
    else
        lowest = 0;
    const uint32_t want[DIVERGENT] = {sum, (uint32_t)wide, (uint32_t)(wide >> 32), 0, steps, turns};
    float got_lowest;

    memcpy(&got_lowest, &got[3], 4);
    EXPECT(got_lowest == lowest, "lane %u: minimum %g, not %g", lane, got_lowest, lowest);
    for (uint32_t i = 0; i < DIVERGENT; i++)
        EXPECT(i == 3 || got[i] == want[i], "size %u, lane %u, divergent result %u: 0x%x, not 0x%x",
               g->size, lane, i, got[i], want[i]);
}

static void test_size(struct vkc *vkc, uint32_t size)
{
    const VkDescriptorType types[] = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                      VK_DESCRIPTOR_TYPE_STORAGE_BUFFER};
    struct vkc_pipeline_desc desc = {.shader = SHADER("subgroups"),
                                     .bindings = types,
                                     .binding_count = COUNT_OF(types),
                                     .subgroup_size = size};
    struct vkc_pipeline all, divergent;
    struct vkc_buffer source, results, diverged;

    vkc_buffer_create(vkc, COUNT * 4, &source);
    vkc_buffer_create(vkc, COUNT * RESULTS * 4, &results);
    vkc_buffer_create(vkc, COUNT * DIVERGENT * 4, &diverged);
    fill_scrambled(&source, size);
    vkc_pipeline_create(vkc, &desc, &all);
    desc.shader = SHADER("divergent");
    vkc_pipeline_create(vkc, &desc, &divergent);
    vkc_bind(vkc, &all, 0, &source);
    vkc_bind(vkc, &all, 1, &results);
    vkc_bind(vkc, &divergent, 0, &source);
    vkc_bind(vkc, &divergent, 1, &diverged);
    vkc_dispatch(vkc, &all, NULL, GROUPS, 1, 1);
    vkc_dispatch(vkc, &divergent, NULL, GROUPS, 1, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct subgroup g = {(uint32_t *)source.host + i / size * size, size};

        expect_lane(&g, i % LOCAL / size, i % size, (uint32_t *)results.host + i * RESULTS);
        expect_divergent(&g, i % size, (uint32_t *)diverged.host + i * DIVERGENT);
    }
    vkc_pipeline_destroy(vkc, &all);
    vkc_pipeline_destroy(vkc, &divergent);
    vkc_buffer_destroy(vkc, &source);
    vkc_buffer_destroy(vkc, &results);
    vkc_buffer_destroy(vkc, &diverged);
}

int main(void)
{
    struct vkc vkc;

    vkc_open(NULL, &vkc);
    test_size(&vkc, 32);
    test_size(&vkc, 64);
    vkc_close(&vkc);
    puts("ok");
    return 0;
}
