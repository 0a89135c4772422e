/* SPDX-License-Identifier: MIT
 *
 * The mappings of the BO table. "Older than `before`" is `serial < before`: numbers are given out
 * under the lock, when the kernel has granted the mapping already.
 */
#include <assert.h>
#include <stdlib.h>

#include <utlist.h>

#include "base/log.h"
#include "kmt-shim/buffers.h"
#include "kmt-shim/events.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/resident.h"
#include "kmt-shim/va.h"

enum { MAPPING_FLAGS = KMT_SHIM_BO_READ | KMT_SHIM_BO_WRITE | KMT_SHIM_BO_EXECUTE };

static void mapping_put(void *value)
{
    struct mapping *mapping = value;

    if (atomic_fetch_sub(&mapping->refs, 1) == 1)
        free(mapping);
}

static uint64_t mapping_last(const struct mapping *mapping)
{
    return mapping->range.start + mapping->range.size - 1;
}

static void mapping_link(struct mapping *mapping, struct bo *bo)
{
    mapping->bo = bo;
    if (!bo)
        return;
    DL_APPEND(bo->mappings, mapping);
    bo->mapping_count++;
}

static void mapping_unlink(struct mapping *mapping)
{
    struct bo *bo = mapping->bo;

    if (!bo)
        return;
    DL_DELETE(bo->mappings, mapping);
    bo->mapping_count--;
    mapping->bo = NULL;
}

void mapping_move_locked(struct mapping *mapping, struct bo *bo)
{
    mapping_unlink(mapping);
    mapping_link(mapping, bo);
}

enum {
    MAPPING_ALIGN = 64,
    MAPPING_BYTES = (sizeof(struct mapping) + MAPPING_ALIGN - 1) / MAPPING_ALIGN * MAPPING_ALIGN
};

/* A mapping like `model`, for [start, last] of it; in no list and no index. */
static struct mapping *mapping_part(const struct mapping *model, uint64_t start, uint64_t last)
{
    /* A lookup copies `range`, which is first and fits into one cache line. */
    struct mapping *part = aligned_alloc(MAPPING_ALIGN, MAPPING_BYTES);

    static_assert(offsetof(struct mapping, range) + sizeof part->range <= MAPPING_ALIGN,
                  "what a lookup copies lies in one cache line");
    if (!part)
        return NULL;
    *part = *model;
    part->range.bo_offset += start - model->range.start;
    part->range.start = start;
    part->range.size = last - start + 1;
    atomic_init(&part->refs, 1);
    part->bo = NULL;
    part->prev = part->next = part->taken = NULL;
    return part;
}

/* From the index it is gone, or never got there; the caller's reference goes to the list. */
static void take(struct mapping *mapping, struct mapping **taken)
{
    mapping->taken = *taken;
    *taken = mapping;
}

static void tell_no_memory(void)
{
    static bool told;

    if (!told)
        rw_warn(shim, "no memory for the BO table: lookups will miss mappings");
    told = true;
}

void mappings_remove_locked(struct mapping *mapping, struct mapping **taken)
{
    struct buffer_set *set = mapping->set;

    atomic_fetch_add(&mapping->refs, 1); /* the index drops its own later */
    mapping_unlink(mapping);
    set->bytes -= mapping->range.size;
    if (!rw_ok(range_index_remove(set->ranges, mapping->range.start, NULL)))
        rw_error(shim, "the BO table has lost the mapping at %#llx",
                 (unsigned long long)mapping->range.start);
    take(mapping, taken);
}

/* Cuts [start, last] out of a mapping that it overlaps. */
static void mapping_cut_locked(struct mapping *mapping, uint64_t start, uint64_t last,
                               struct mapping **taken)
{
    uint64_t from = mapping->range.start, to = mapping_last(mapping);
    struct range_index_entry parts[2];
    struct bo *bo = mapping->bo;
    struct mapping *hole;
    size_t count = 0;

    if (from < start)
        parts[count++] = (struct range_index_entry){from, start - 1, NULL};
    if (to > last)
        parts[count++] = (struct range_index_entry){last + 1, to, NULL};
    hole = mapping_part(mapping, from < start ? start : from, to > last ? last : to);
    for (size_t i = 0; i < count; i++)
        parts[i].value = mapping_part(mapping, parts[i].start, parts[i].last);
    if (count == 0 || !hole || !parts[0].value || !parts[count - 1].value ||
        !rw_ok(range_index_replace(mapping->set->ranges, from, parts, count))) {
        if (count > 0)
            tell_no_memory();
        for (size_t i = 0; i < count; i++)
            free(parts[i].value);
        free(hole);
        mappings_remove_locked(mapping, taken);
        return;
    }
    mapping_unlink(mapping); /* the index's reference is all that is left of it */
    for (size_t i = 0; i < count; i++)
        mapping_link(parts[i].value, bo);
    mapping->set->bytes -= hole->range.size;
    take(hole, taken);
}

struct mapping *mappings_first_in_locked(const struct buffer_set *set, uint64_t start,
                                         uint64_t last)
{
    struct range_index_entry entry;

    if (!set->ranges || !range_index_first_from(set->ranges, start, &entry) || entry.start > last)
        return NULL;
    return entry.value;
}

struct mapping *mappings_at_locked(const struct buffer_set *set, uint64_t start)
{
    struct mapping *mapping = mappings_first_in_locked(set, start, start);

    return mapping && mapping->range.start == start ? mapping : NULL;
}

void mappings_cut_locked(struct buffer_set *set, uint64_t start, uint64_t last, uint64_t before,
                         struct mapping **taken)
{
    for (uint64_t from = start;;) {
        struct mapping *mapping = mappings_first_in_locked(set, from, last);
        uint64_t end;

        if (!mapping)
            return;
        end = mapping_last(mapping);
        if (mapping->serial < before)
            mapping_cut_locked(mapping, start, last, taken);
        if (end >= last)
            return;
        from = end + 1;
    }
}

/* ---- adding ---- */

static uint32_t bo_flags(const struct bo *bo)
{
    uint32_t flags = bo ? bo->flags : 0;

    if (bo && (bo->residency == RESIDENCY_DONE || !bo->set))
        flags |= KMT_SHIM_BO_RESIDENT;
    return flags;
}

static bool set_has_index(struct buffer_set *set)
{
    struct range_index *index = set->ranges;

    if (index)
        return true;
    index = range_index_create(mapping_put);
    __atomic_store_n(&set->ranges, index, __ATOMIC_RELEASE); /* readers may look already */
    return index != NULL;
}

static struct mapping *insert_locked(struct buffer_set *set, struct bo *bo,
                                     const struct mapping *model, struct mapping **taken)
{
    uint64_t start = model->range.start, last = mapping_last(model);
    struct mapping *mapping = mapping_part(model, start, last);

    if (mapping && set_has_index(set)) {
        mapping->set = set;
        mapping->serial = buffers_next_serial();
        mapping->range.bo_offset = model->range.bo_offset;
        mappings_cut_locked(set, start, last, UINT64_MAX, taken);
        if (rw_ok(range_index_insert(set->ranges, start, last, mapping))) {
            mapping_link(mapping, bo);
            set->bytes += mapping->range.size;
            return mapping;
        }
    }
    free(mapping);
    tell_no_memory();
    return NULL;
}

struct mapping *mappings_add_locked(struct buffer_set *set, struct bo *bo,
                                    const struct mapping_place *place, struct mapping **taken)
{
    struct mapping model = {
        .range =
            {
                .start = place->start,
                .size = place->size,
                .bo_offset = place->offset,
                .bo_size = bo ? bo->size : 0,
                .handle = bo ? bo->handle : 0,
                .api = bo ? bo->api : KMT_SHIM_GEM,
                .flags = bo_flags(bo) | place->rights,
                .render_minor = set->minor,
                .owner_gpu_id = bo ? bo->gpu_id : 0,
            },
        .by_kfd = place->by_kfd,
        .held = place->held,
    };

    return insert_locked(set, bo, &model, taken);
}

void mappings_fill_svm_locked(struct buffer_set *set, uint64_t start, uint64_t last)
{
    struct mapping *taken = NULL; /* stays empty: nothing is in the way */
    struct mapping model = {
        .range =
            {
                .api = KMT_SHIM_SVM,
                .flags = KMT_SHIM_BO_GTT | KMT_SHIM_BO_RESIDENT | MAPPING_FLAGS,
                .render_minor = set->minor,
            },
    };

    for (uint64_t from = start; from <= last;) {
        const struct mapping *there = mappings_first_in_locked(set, from, last);
        uint64_t to = there ? there->range.start - 1 : last;

        if (!there || there->range.start > from) {
            model.range.start = from;
            model.range.size = model.range.bo_size = to - from + 1;
            (void)insert_locked(set, NULL, &model, &taken);
        }
        if (!there || mapping_last(there) >= last)
            return;
        from = mapping_last(there) + 1;
    }
}

void mappings_refresh_locked(struct bo *bo)
{
    for (unsigned i = bo->mapping_count; i > 0; i--) {
        struct mapping *old = bo->mappings;
        struct mapping *mapping = mapping_part(old, old->range.start, mapping_last(old));
        struct range_index_entry part = {old->range.start, mapping_last(old), mapping};

        if (!mapping) {
            tell_no_memory();
            return;
        }
        mapping->range.handle = bo->handle;
        mapping->range.api = bo->api;
        mapping->range.flags = bo_flags(bo) | (old->range.flags & MAPPING_FLAGS);
        if (!rw_ok(range_index_replace(old->set->ranges, part.start, &part, 1))) {
            free(mapping);
            tell_no_memory();
            return;
        }
        mapping_unlink(old);
        mapping_link(mapping, bo); /* at the end: the next one is first now */
    }
}

/* ---- afterwards, without the lock ---- */

void mappings_tell_new(struct buffer_set *set, uint64_t start, uint64_t last, uint64_t since)
{
    uint64_t from = start;

    while (events_are_wanted() && from >= start && from <= last) {
        struct kmt_shim_range range = {0};
        const struct mapping *mapping;
        bool is_new = false;

        buffers_lock();
        mapping = mappings_first_in_locked(set, from, last);
        if (mapping) {
            range = mapping->range;
            is_new = mapping->serial >= since;
        }
        buffers_unlock();
        if (!mapping)
            return;
        if (is_new)
            events_tell_range(KMT_SHIM_EVENT_MAPPED, &range);
        from = range.start + range.size;
    }
}

void mappings_dispose(struct mapping *taken, bool tell)
{
    uint64_t import;

    while (taken) {
        struct mapping *mapping = taken;

        taken = mapping->taken;
        if (mapping->held)
            va_release(mapping->range.start, mapping->range.size);
        if (tell)
            events_tell_range(KMT_SHIM_EVENT_UNMAPPED, &mapping->range);
        mapping_put(mapping);
    }
    while (buffers_take_orphan(&import))
        resident_release(import);
}
