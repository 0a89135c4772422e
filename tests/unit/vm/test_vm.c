/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "tests/unit/random.h"
#include "tests/unit/vm/fixture.h"

#define GEM    GPU_VM_OWNER_GEM
#define KFD    GPU_VM_OWNER_KFD
#define KERNEL GPU_VM_OWNER_KERNEL

static bool find(struct gpu_vm *vm, gpu_va va, unsigned access, struct isa_window *out,
                 bool *out_mapped)
{
    struct isa_memory *memory = gpu_vm_memory(vm);

    return memory->find(memory, va.addr, access, out, out_mapped);
}

static bool reachable(struct gpu_vm *vm, gpu_va va)
{
    struct isa_window window;
    bool mapped;

    return find(vm, va, ISA_ACCESS_READ, &window, &mapped);
}

static void window_covers_the_mapping(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 8);
    uint64_t epoch = atomic_load(&gpu_vm_memory(f->vm)->epoch);
    struct isa_window w;
    bool mapped;

    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 2 * 4096, VA(1), 4 * 4096, RIGHTS_RWX)));
    assert_true(atomic_load(&gpu_vm_memory(f->vm)->epoch) > epoch);
    assert_true(find(f->vm, gpu_va_make(VA(3).addr + 77), ISA_ACCESS_READ, &w, &mapped));
    assert_int_equal(w.va, VA(1).addr);
    assert_int_equal(w.size, 4 * 4096);
    assert_ptr_equal(w.host, bo->host + 2 * 4096);
    assert_int_equal(w.access, ISA_ACCESS_READ | ISA_ACCESS_WRITE | ISA_ACCESS_EXECUTE);
    assert_false(find(f->vm, VA(0), ISA_ACCESS_READ, &w, &mapped));
    assert_false(mapped);
    assert_false(find(f->vm, VA(5), ISA_ACCESS_READ, &w, &mapped));
    mem_bo_put(bo); /* the mapping holds it */
    assert_true(reachable(f->vm, VA(1)));
}

static void rights(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);
    struct isa_window w;
    bool mapped = false;

    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 4096, GPU_VM_PAGE_READABLE)));
    assert_true(find(f->vm, VA(0), ISA_ACCESS_READ, &w, &mapped));
    assert_false(find(f->vm, VA(0), ISA_ACCESS_WRITE, &w, &mapped));
    assert_true(mapped);
    assert_false(find(f->vm, VA(0), ISA_ACCESS_EXECUTE, &w, &mapped));
    assert_true(mapped);
    mem_bo_put(bo);
}

static void high_half_addresses(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);
    uint64_t canonical = UINT64_C(0xffff800000100000);
    struct gpu_vm_mapping_info info;
    struct isa_window w;
    bool mapped;

    /* The tree is in masked form: a canonical address must have been masked by the caller. */
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 0, gpu_va_make(canonical), 4096, RIGHTS_RW).err,
                     EINVAL);
    assert_true(rw_ok(
        gpu_vm_map(f->vm, GEM, bo, 0, gpu_va_make(canonical & GPU_VA_MASK), 4096, RIGHTS_RW)));
    /* Sign-extended, or with zeros above bit 47, and nothing in between. */
    assert_true(find(f->vm, gpu_va_make(canonical + 5), ISA_ACCESS_READ, &w, &mapped));
    assert_int_equal(w.va, canonical);
    assert_true(find(f->vm, gpu_va_make(canonical & GPU_VA_MASK), ISA_ACCESS_READ, &w, &mapped));
    assert_int_equal(w.va, canonical & GPU_VA_MASK);
    assert_false(
        find(f->vm, gpu_va_make(canonical & ~(UINT64_C(1) << 60)), ISA_ACCESS_READ, &w, &mapped));
    assert_false(mapped);
    assert_true(gpu_vm_lookup(f->vm, gpu_va_make(canonical), &info));
    assert_int_equal(info.start.addr, canonical & GPU_VA_MASK);
    mem_bo_put(info.bo);
    mem_bo_put(bo);
}

static void map_errors(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 4);
    gpu_va end = gpu_va_make((UINT64_C(1) << 48) - 4096);

    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 0, gpu_va_make(0x10010), 4096, 0).err, EINVAL);
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 1, VA(0), 4096, 0).err, EINVAL);
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 100, 0).err, EINVAL);
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 0, 0).err, EINVAL);
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 4096, VA(0), 4 * 4096, 0).err, EINVAL);
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, UINT64_MAX - 4095, VA(0), 8192, 0).err, EINVAL);
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 0, end, 8192, 0).err, EINVAL);
    assert_true(rw_ok(gpu_vm_map(f->vm, KERNEL, bo, 0, end, 4096, 0)));
    /* Overlap, whoever owns what. */
    assert_true(rw_ok(gpu_vm_map(f->vm, KFD, bo, 0, VA(4), 4 * 4096, 0)));
    assert_int_equal(gpu_vm_map(f->vm, GEM, bo, 0, VA(7), 4096, 0).err, EINVAL);
    assert_int_equal(gpu_vm_map(f->vm, KFD, bo, 0, VA(3), 2 * 4096, 0).err, EINVAL);
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(8), 4096, 0)));
    mem_bo_put(bo);
}

static void unmap_needs_the_exact_start(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 4), *other = fixture_bo(f, 1);

    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 4 * 4096, RIGHTS_RW)));
    assert_int_equal(gpu_vm_unmap(f->vm, bo, VA(1)).err, ENOENT);
    assert_int_equal(gpu_vm_unmap(f->vm, other, VA(0)).err, ENOENT);
    assert_true(rw_ok(gpu_vm_unmap(f->vm, bo, VA(0))));
    assert_false(reachable(f->vm, VA(0)));
    assert_int_equal(gpu_vm_unmap(f->vm, bo, VA(0)).err, ENOENT);
    mem_bo_put(bo);
    mem_bo_put(other);
}

static void clear_splits_whoever_owns(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 8);
    struct gpu_vm_mapping_info info;
    struct isa_window w;
    bool mapped;

    assert_true(rw_ok(gpu_vm_map(f->vm, KFD, bo, 0, VA(0), 8 * 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_clear(f->vm, VA(3), 2 * 4096)));
    assert_true(find(f->vm, VA(2), ISA_ACCESS_READ, &w, &mapped));
    assert_int_equal(w.size, 3 * 4096);
    assert_false(reachable(f->vm, VA(3)));
    assert_false(reachable(f->vm, VA(4)));
    assert_true(find(f->vm, VA(7), ISA_ACCESS_READ, &w, &mapped));
    assert_int_equal(w.va, VA(5).addr);
    assert_ptr_equal(w.host, bo->host + 5 * 4096);
    assert_true(gpu_vm_lookup(f->vm, VA(6), &info));
    assert_int_equal(info.bo_offset, 5 * 4096);
    assert_int_equal(info.owner, KFD);
    mem_bo_put(info.bo);
    assert_int_equal(gpu_vm_clear(f->vm, VA(0), 5).err, EINVAL);
    mem_bo_put(bo);
}

static void delayed_updates(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 2), *other = fixture_bo(f, 1);

    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 8192, RIGHTS_RW | GPU_VM_DELAY_UPDATE)));
    assert_false(reachable(f->vm, VA(0)));
    assert_false(gpu_vm_range_is_free(f->vm, VA(0), 4096));
    /* Another object's update does not bring it in; one of its own does. */
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, other, 0, VA(9), 4096, RIGHTS_RW)));
    assert_false(reachable(f->vm, VA(0)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(4), 4096, RIGHTS_RW)));
    assert_true(reachable(f->vm, VA(0)));
    /* A removed mapping stays in the page tables until any update. */
    assert_true(rw_ok(gpu_vm_unmap_delayed(f->vm, bo, VA(0))));
    assert_true(gpu_vm_range_is_free(f->vm, VA(0), 8192));
    assert_true(reachable(f->vm, VA(0)));
    assert_true(rw_ok(gpu_vm_clear_delayed(f->vm, VA(9), 4096)));
    assert_true(reachable(f->vm, VA(9)));
    assert_true(rw_ok(gpu_vm_unmap(f->vm, bo, VA(4))));
    assert_false(reachable(f->vm, VA(0)));
    assert_false(reachable(f->vm, VA(9)));
    mem_bo_put(bo);
    mem_bo_put(other);
}

static void partially_resident_ranges(void **state)
{
    struct fixture *f = *state;
    uint32_t word = 5;
    struct isa_window w;
    bool mapped;

    assert_true(rw_ok(gpu_vm_replace(f->vm, GEM, NULL, 0, VA(0), 1 << 20, GPU_VM_PAGE_PRT)));
    assert_true(rw_ok(gpu_vm_write(f->vm, VA(7), &word, 4, NULL)));
    assert_true(rw_ok(gpu_vm_read(f->vm, VA(7), &word, 4, NULL)));
    assert_int_equal(word, 0);
    assert_false(find(f->vm, VA(7), ISA_ACCESS_READ | ISA_ACCESS_WRITE, &w, &mapped));
    assert_true(mapped);
    assert_true(rw_ok(gpu_vm_unmap(f->vm, NULL, VA(0))));
    assert_false(reachable(f->vm, VA(7)));
}

/* GEM and KFD share a BO's place in the VM. */
static void place_lives_while_anybody_holds_it(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 2);

    assert_false(gpu_vm_bo_is_attached(f->vm, bo));
    assert_true(rw_ok(gpu_vm_bo_attach(f->vm, bo)));
    assert_true(gpu_vm_bo_is_attached(f->vm, bo));
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_map(f->vm, KFD, bo, 0, VA(2), 8192, RIGHTS_RW)));
    gpu_vm_bo_detach(f->vm, bo);
    assert_true(reachable(f->vm, VA(0)));
    gpu_vm_unmap_bo(f->vm, KFD, bo);
    assert_false(reachable(f->vm, VA(2)));
    assert_false(reachable(f->vm, VA(0)));
    assert_true(gpu_vm_range_is_free(f->vm, VA(0), 1 << 20));

    assert_true(rw_ok(gpu_vm_bo_attach(f->vm, bo)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 4096, RIGHTS_RW)));
    gpu_vm_bo_detach(f->vm, bo);
    assert_false(reachable(f->vm, VA(0)));
    mem_bo_put(bo);
}

static void clear_of_two_mappings_that_end_their_place(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 2);

    assert_true(rw_ok(gpu_vm_bo_attach(f->vm, bo)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(0), 8192, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_map(f->vm, KFD, bo, 0, VA(4), 8192, RIGHTS_RW)));
    gpu_vm_bo_detach(f->vm, bo);
    assert_true(rw_ok(gpu_vm_clear(f->vm, VA(0), 6 * 4096)));
    assert_true(gpu_vm_range_is_free(f->vm, VA(0), 1 << 20));
    assert_int_equal(atomic_load(&bo->refs), 1);
    mem_bo_put(bo);
}

static void queue_buffers_are_exact_mappings(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 4), *got = NULL;

    assert_true(rw_ok(gpu_vm_map(f->vm, KFD, bo, 0, VA(0), 4 * 4096, RIGHTS_RW)));
    assert_int_equal(gpu_vm_queue_buffer_get(f->vm, VA(9), 4096, &got).err, EINVAL);
    assert_int_equal(gpu_vm_queue_buffer_get(f->vm, VA(0), 8192, &got).err, EINVAL);
    assert_int_equal(gpu_vm_queue_buffer_get(f->vm, VA(1), 3 * 4096, &got).err, EINVAL);
    assert_false(gpu_vm_used_by_queue(f->vm, bo));
    assert_true(rw_ok(gpu_vm_queue_buffer_get(f->vm, VA(0), 4 * 4096, &got)));
    assert_ptr_equal(got, bo);
    assert_true(gpu_vm_used_by_queue(f->vm, bo));
    /* Size below a page: only the start counts (read and write pointers). */
    gpu_va inside = gpu_va_make(VA(0).addr + 64);
    assert_true(rw_ok(gpu_vm_queue_buffer_get(f->vm, inside, 8, &got)));
    gpu_vm_queue_buffer_put(f->vm, inside, bo);
    assert_true(gpu_vm_used_by_queue(f->vm, bo));
    gpu_vm_queue_buffer_put(f->vm, VA(0), bo);
    assert_false(gpu_vm_used_by_queue(f->vm, bo));
    assert_true(rw_ok(gpu_vm_unmap(f->vm, bo, VA(0))));
    mem_bo_put(bo);
}

static void nearest_mapping(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *bo = fixture_bo(f, 1);
    struct gpu_vm_mapping_info info;

    assert_false(gpu_vm_lookup_nearest(f->vm, VA(0), &info));
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(10), 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, bo, 0, VA(20), 4096, RIGHTS_RW)));
    static const struct {
        int at, nearest;
    } cases[] = {{0, 10}, {10, 10}, {12, 10}, {17, 20}, {19, 20}, {99, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(gpu_vm_lookup_nearest(f->vm, VA(cases[i].at), &info));
        assert_int_equal(info.start.addr, VA(cases[i].nearest).addr);
        mem_bo_put(info.bo);
    }
    assert_false(gpu_vm_lookup(f->vm, VA(12), &info));
    mem_bo_put(bo);
}

static void host_access(void **state)
{
    struct fixture *f = *state;
    struct mem_bo *a = fixture_bo(f, 1), *b = fixture_bo(f, 2);
    char text[] = "across two buffers", back[sizeof text];
    gpu_va at = gpu_va_make(VA(1).addr - 7), fault;

    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, b, 4096, VA(0), 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_map(f->vm, GEM, a, 0, VA(1), 4096, RIGHTS_RW)));
    assert_true(rw_ok(gpu_vm_write(f->vm, at, text, sizeof text, &fault)));
    assert_memory_equal(b->host + 8192 - 7, text, 7);
    assert_memory_equal(a->host, text + 7, sizeof text - 7);
    assert_true(rw_ok(gpu_vm_read(f->vm, at, back, sizeof back, NULL)));
    assert_string_equal(back, text);
    assert_null(gpu_vm_host(f->vm, at, 8, ISA_ACCESS_READ));
    assert_ptr_equal(gpu_vm_host(f->vm, at, 7, ISA_ACCESS_READ), b->host + 8192 - 7);
    assert_null(gpu_vm_host(f->vm, VA(0), 1, ISA_ACCESS_EXECUTE));
    /* Nothing is written when part of the range is not there. */
    at = gpu_va_make(VA(2).addr - 4);
    memset(a->host, 0, 4096);
    assert_int_equal(gpu_vm_write(f->vm, at, text, 8, &fault).err, EFAULT);
    assert_int_equal(fault.addr, VA(2).addr);
    assert_int_equal(a->host[4092], 0);
    assert_int_equal(gpu_vm_read(f->vm, gpu_va_make(GPU_VA_HOLE_START), back, 1, &fault).err,
                     EFAULT);
    mem_bo_put(a);
    mem_bo_put(b);
}

static void sequence_page_makes_a_vm_never_empty(void **state)
{
    struct gpu_vm_limits limits = test_limits;
    struct gpu_vm_mapping_info info;
    struct mem_heaps *heaps;
    struct drm_file *file, *old;
    uint32_t word = 1;

    (void)state;
    assert_true(rw_ok(mem_heaps_create(0, 64 << 20, 64 << 20, &heaps)));
    assert_true(rw_ok(drm_file_create(0, heaps, &limits, true, &old)));
    limits.seq64 = true;
    assert_true(rw_ok(drm_file_create(0, heaps, &limits, true, &file)));
    gpu_va va = gpu_va_make((UINT64_C(1) << 48) - (4 << 20));
    assert_true(gpu_vm_lookup(drm_file_vm(file), va, &info));
    assert_int_equal(info.owner, KERNEL);
    assert_int_equal(info.size, 2 << 20);
    mem_bo_put(info.bo);
    gpu_va canonical = gpu_va_make(va.addr | ~GPU_VA_MASK);
    assert_true(rw_ok(gpu_vm_read(drm_file_vm(file), canonical, &word, 4, NULL)));
    assert_int_equal(gpu_vm_write(drm_file_vm(file), canonical, &word, 4, NULL).err, EFAULT);
    assert_true(gpu_vm_range_is_free(drm_file_vm(old), va, 2 << 20));
    drm_file_put(file);
    drm_file_put(old);
    mem_heaps_destroy(heaps);
}

/* ---- everything at random, against one cell per page ---- */

#define CELLS 96

struct cell {
    struct mem_bo *bo; /* NULL = unmapped */
    uint64_t offset;   /* in it */
};

struct random_vm {
    struct fixture *f;
    struct mem_bo *bos[4];
    struct cell cells[CELLS];
    uint64_t starts[CELLS]; /* 1 + start of the mapping that covers the page, 0 = none */
    uint64_t random;
};

static void cells_map(struct random_vm *m, uint64_t page, uint64_t count, struct mem_bo *bo,
                      uint64_t offset)
{
    /* What a clear cuts off behind itself starts anew. */
    if (page + count < CELLS && m->starts[page + count] &&
        m->starts[page + count] - 1 < page + count) {
        uint64_t old = m->starts[page + count];
        for (uint64_t p = page + count; p < CELLS && m->starts[p] == old; p++)
            m->starts[p] = page + count + 1;
    }
    for (uint64_t p = page; p < page + count; p++) {
        m->cells[p] = (struct cell){bo, bo ? offset + (p - page) * 4096 : 0};
        m->starts[p] = bo ? page + 1 : 0;
    }
}

static void random_step(struct random_vm *m)
{
    uint64_t page = random_below(&m->random, CELLS), count = 1 + random_below(&m->random, 12);
    struct mem_bo *bo = m->bos[random_below(&m->random, 4)];
    uint64_t offset = random_below(&m->random, 4) * 4096;
    struct gpu_vm *vm = m->f->vm;
    bool is_free = true;

    if (page + count > CELLS)
        count = CELLS - page;
    for (uint64_t p = page; p < page + count; p++)
        is_free &= !m->cells[p].bo;
    assert_int_equal(gpu_vm_range_is_free(vm, VA(page), count * 4096), is_free);
    switch (random_below(&m->random, 5)) {
    case 0:
    case 1:
        assert_int_equal(gpu_vm_map(vm, GEM, bo, offset, VA(page), count * 4096, RIGHTS_RW).err,
                         is_free ? 0 : EINVAL);
        if (is_free)
            cells_map(m, page, count, bo, offset);
        break;
    case 2:
        assert_true(rw_ok(gpu_vm_replace(vm, GEM, bo, offset, VA(page), count * 4096, RIGHTS_RW)));
        cells_map(m, page, count, bo, offset);
        break;
    case 3:
        assert_true(rw_ok(gpu_vm_clear(vm, VA(page), count * 4096)));
        cells_map(m, page, count, NULL, 0);
        break;
    case 4: {
        bool starts_here = m->starts[page] == page + 1;
        struct mem_bo *here = m->cells[page].bo ? m->cells[page].bo : bo;

        assert_int_equal(gpu_vm_unmap(vm, here, VA(page)).err, starts_here ? 0 : ENOENT);
        for (count = 1; starts_here && page + count < CELLS;)
            if (m->starts[page + count] == page + 1)
                count++;
            else
                break;
        if (starts_here)
            cells_map(m, page, count, NULL, 0);
    }
    }
}

static void compare_with_cells(struct random_vm *m)
{
    for (uint64_t p = 0; p < CELLS; p++) {
        struct isa_window w;
        bool mapped;
        bool found = find(m->f->vm, VA(p), ISA_ACCESS_WRITE, &w, &mapped);

        assert_int_equal(found, m->cells[p].bo != NULL);
        if (!found)
            continue;
        assert_ptr_equal(w.host + (VA(p).addr - w.va), m->cells[p].bo->host + m->cells[p].offset);
        /* The window is exactly the mapping. */
        assert_int_equal(w.va, VA(m->starts[p] - 1).addr);
        uint64_t end = p;
        while (end < CELLS && m->starts[end] == m->starts[p])
            end++;
        assert_int_equal(w.va + w.size, VA(end).addr);
    }
}

static void agrees_with_cells(void **state)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct random_vm m = {.f = *state, .random = seed};

        for (int i = 0; i < 4; i++) {
            m.bos[i] = fixture_bo(m.f, 16);
            assert_true(rw_ok(gpu_vm_bo_attach(m.f->vm, m.bos[i])));
        }
        for (int step = 0; step < 400; step++) {
            random_step(&m);
            compare_with_cells(&m);
        }
        for (int i = 0; i < 4; i++) {
            gpu_vm_bo_detach(m.f->vm, m.bos[i]);
            assert_int_equal(atomic_load(&m.bos[i]->refs), 1);
            mem_bo_put(m.bos[i]);
        }
        assert_true(gpu_vm_range_is_free(m.f->vm, VA(0), CELLS * 4096));
    }
}

#define WITH_VM(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_VM(window_covers_the_mapping),
        WITH_VM(rights),
        WITH_VM(high_half_addresses),
        WITH_VM(map_errors),
        WITH_VM(unmap_needs_the_exact_start),
        WITH_VM(clear_splits_whoever_owns),
        WITH_VM(delayed_updates),
        WITH_VM(partially_resident_ranges),
        WITH_VM(place_lives_while_anybody_holds_it),
        WITH_VM(clear_of_two_mappings_that_end_their_place),
        WITH_VM(queue_buffers_are_exact_mappings),
        WITH_VM(nearest_mapping),
        WITH_VM(host_access),
        cmocka_unit_test(sequence_page_makes_a_vm_never_empty),
        WITH_VM(agrees_with_cells),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
