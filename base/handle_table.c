/* SPDX-License-Identifier: MIT */
#include "base/handle_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS      64u
#define FIRST_CAPACITY WORD_BITS
#define CAPACITY_MAX   (UINT32_MAX / WORD_BITS * WORD_BITS)

static uint32_t words_for(uint64_t bits)
{
    return (uint32_t)((bits + WORD_BITS - 1) / WORD_BITS);
}

static uint32_t words_at(uint32_t capacity, int level)
{
    uint32_t words = words_for(capacity);

    while (level-- > 0)
        words = words_for(words);
    return words;
}

void handle_table_init(struct handle_table *table, uint32_t base, uint32_t limit)
{
    *table = (struct handle_table){.base = base, .limit = limit};
}

void handle_table_finish(struct handle_table *table)
{
    free(table->slots);
    for (int level = 0; level < HANDLE_TABLE_LEVELS; level++)
        free(table->full[level]);
    *table = (struct handle_table){.base = table->base, .limit = table->limit};
}

static bool grow_array(void **array, size_t item, size_t old_count, size_t new_count)
{
    char *grown = realloc(*array, new_count * item);

    if (!grown)
        return false;
    memset(grown + old_count * item, 0, (new_count - old_count) * item);
    *array = grown;
    return true;
}

/* The topmost level has one word. */
static int top_level(uint32_t capacity)
{
    int level = 0;

    for (uint32_t words = words_for(capacity); words > 1; words = words_for(words))
        level++;
    return level;
}

/* Doubles the slots. Arrays that grew before one could not are merely larger than needed. */
static bool grow(struct handle_table *table)
{
    uint64_t doubled = table->capacity ? (uint64_t)table->capacity * 2 : FIRST_CAPACITY;
    uint32_t capacity = doubled > CAPACITY_MAX ? CAPACITY_MAX : (uint32_t)doubled;
    uint32_t old_words = words_for(table->capacity), words = words_for(capacity);

    if (!grow_array((void **)&table->slots, sizeof(void *), table->capacity, capacity))
        return false;
    for (int level = 0; level <= top_level(capacity); level++) {
        size_t had = table->full[level] ? old_words : 0;

        if (!grow_array((void **)&table->full[level], sizeof(uint64_t), had, words))
            return false;
        old_words = words_for(old_words);
        words = words_for(words);
    }
    table->capacity = capacity;
    /* A table grows when every slot is taken; a level that is new has to know of the full words. */
    for (int level = 1; level <= top_level(capacity); level++) {
        memset(table->full[level], 0, words_at(capacity, level) * sizeof(uint64_t));
        for (uint32_t word = 0; word < words_at(capacity, level - 1); word++)
            if (table->full[level - 1][word] == UINT64_MAX)
                table->full[level][word / WORD_BITS] |= UINT64_C(1) << word % WORD_BITS;
    }
    return true;
}

/* There is a free slot. Bits that stand for nothing, past the end of a level, read as free too,
 * but lie above all real ones. */
static uint32_t lowest_free(const struct handle_table *table)
{
    uint32_t index = 0;

    for (int level = top_level(table->capacity); level >= 0; level--)
        index = index * WORD_BITS + (uint32_t)__builtin_ctzll(~table->full[level][index]);
    return index;
}

static void mark_used(struct handle_table *table, uint32_t index)
{
    for (int level = 0, top = top_level(table->capacity); level <= top; level++) {
        uint64_t *word = &table->full[level][index / WORD_BITS];

        *word |= UINT64_C(1) << index % WORD_BITS;
        if (*word != UINT64_MAX)
            break;
        index /= WORD_BITS;
    }
}

static void mark_free(struct handle_table *table, uint32_t index)
{
    for (int level = 0, top = top_level(table->capacity); level <= top; level++) {
        uint64_t *word = &table->full[level][index / WORD_BITS];
        bool was_full = *word == UINT64_MAX;

        *word &= ~(UINT64_C(1) << index % WORD_BITS);
        if (!was_full)
            break;
        index /= WORD_BITS;
    }
}

rw_status handle_table_take(struct handle_table *table, void *object, uint32_t *out_handle)
{
    uint32_t index;

    if (table->count >= table->limit || table->count == CAPACITY_MAX)
        return rw_status_quiet(ENOSPC);
    if (table->count == table->capacity && !grow(table))
        return RW_FAIL(ENOMEM, "no memory for a table of more than %u handles", table->count);
    index = lowest_free(table);
    table->slots[index] = object;
    table->count++;
    mark_used(table, index);
    *out_handle = table->base + index;
    return RW_OK;
}

void *handle_table_find(const struct handle_table *table, uint32_t handle)
{
    uint32_t index = handle - table->base;

    return handle >= table->base && index < table->capacity ? table->slots[index] : NULL;
}

void *handle_table_replace(struct handle_table *table, uint32_t handle, void *object)
{
    void *old = handle_table_find(table, handle);

    if (old)
        table->slots[handle - table->base] = object;
    return old;
}

void *handle_table_give_back(struct handle_table *table, uint32_t handle)
{
    void *object = handle_table_find(table, handle);

    if (object) {
        table->slots[handle - table->base] = NULL;
        table->count--;
        mark_free(table, handle - table->base);
    }
    return object;
}

void *handle_table_at_or_above(const struct handle_table *table, uint32_t *handle)
{
    uint32_t index = *handle > table->base ? *handle - table->base : 0;

    for (; index < table->capacity; index++) {
        if (table->slots[index]) {
            *handle = table->base + index;
            return table->slots[index];
        }
    }
    return NULL;
}
