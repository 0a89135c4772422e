/* SPDX-License-Identifier: MIT
 *
 * What goes wrong, and what the owner and the program are told of it.
 */
#include "suite.h"

#include <sys/mman.h>

static uint64_t kernel_make(struct rig *rig, const uint32_t *program, uint64_t bytes,
                            unsigned vgprs)
{
    struct rig_kernel kernel = {.program = program,
                                .bytes = bytes,
                                .vgprs = vgprs,
                                .user_sgprs = 2,
                                .rsrc2_more = RIG_GROUP_X,
                                .properties = KERNEL_KERNARG_SEGMENT_PTR | KERNEL_WAVEFRONT_SIZE32};

    return rig_kernel(rig, &kernel);
}

#define KERNEL(rig, name) kernel_make(rig, program_##name, sizeof(program_##name), 24)

/* Puts the packet on a queue of its own; expects a queue fault, and `code` in the program's
 * inactive signal. */
static void expect_error(struct rig *rig, union aql_packet packet, enum cp_error error,
                         int64_t code)
{
    unsigned before = atomic_load(&rig->queue_faults);
    uint64_t done = rig_signal(rig, 1);
    struct rig_queue q;

    packet.dispatch.completion_signal = done;
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    q.amd_host->queue_inactive_signal = rig_signal_with_event(rig, 0, 33);
    unsigned interrupts = atomic_load(&rig->interrupts[33]);

    rig_aql_put(&q, &packet);
    assert_true(rig_wait_count(&rig->queue_faults, before + 1));
    assert_int_equal(rig->fault.error, error);
    assert_ptr_equal(rig->fault.queue, q.queue);
    assert_int_equal(rig_signal_value(rig, q.amd_host->queue_inactive_signal), code);
    assert_int_equal(atomic_load(&rig->interrupts[33]), interrupts + 1);
    /* It has stopped for good: the packet is still there and nothing behind it runs. */
    rig_aql_put(&q, &packet);
    rig_sleep_us(1000);
    assert_int_equal(*q.read, 0);
    assert_int_equal(rig_signal_value(rig, done), 1);
    assert_true(cp_queue_is_idle(q.queue));
    rig_queue_destroy(&q);
}

/* ---- packets ---- */

static void test_bad_packets(void **state)
{
    struct rig *rig = *state;
    union aql_packet packet = {.header = 9 | 1 << 8};

    expect_error(rig, packet, CP_ERROR_PACKET_UNSUPPORTED, AMD_QUEUE_INVALID_PACKET);
    packet.header = AQL_AGENT_DISPATCH;
    expect_error(rig, packet, CP_ERROR_PACKET_UNSUPPORTED, AMD_QUEUE_INVALID_PACKET);
    packet.header = AQL_VENDOR_SPECIFIC;
    packet.vendor.format = 77;
    expect_error(rig, packet, CP_ERROR_PACKET_VENDOR, AMD_QUEUE_INVALID_VENDOR_PACKET);
    packet.vendor.format = AQL_AMD_BARRIER_VALUE;
    packet.barrier_value.condition = 9;
    expect_error(rig, packet, CP_ERROR_PACKET_VENDOR, AMD_QUEUE_INVALID_VENDOR_PACKET);
}

static void test_bad_dispatches(void **state)
{
    struct rig *rig = *state;
    uint64_t kernel = KERNEL(rig, nothing);
    union aql_packet good = rig_dispatch(kernel, 32, 32, 0, 0), bad = good;

    bad.dispatch.setup = 0;
    expect_error(rig, bad, CP_ERROR_PACKET_DIM, AMD_QUEUE_INVALID_DIM);
    bad = good;
    bad.dispatch.grid_size[1] = 0;
    expect_error(rig, bad, CP_ERROR_PACKET_DIM, AMD_QUEUE_INVALID_DIM);
    bad = good;
    memcpy(bad.dispatch.workgroup_size, (uint16_t[]){32, 33, 1}, 6);
    expect_error(rig, bad, CP_ERROR_PACKET_WORKGROUP_SIZE, AMD_QUEUE_WORKGROUP_TOO_LARGE);
    bad = good;
    bad.dispatch.group_segment_size = 65537;
    expect_error(rig, bad, CP_ERROR_PACKET_GROUP_SEGMENT, AMD_QUEUE_INVALID_GROUP_MEMORY);
    bad = good;
    bad.dispatch.kernel_object = 0;
    expect_error(rig, bad, CP_ERROR_PACKET_CODE, AMD_QUEUE_INVALID_CODE);
    bad = good;
    bad.dispatch.kernel_object += 4;
    expect_error(rig, bad, CP_ERROR_PACKET_CODE, AMD_QUEUE_INVALID_CODE);
}

/* Exceptions are not modelled; a kernel that enables one is refused, not run without. */
static void test_float_exceptions(void **state)
{
    struct rig *rig = *state;
    struct rig_kernel kernel = {.program = program_nothing,
                                .bytes = sizeof(program_nothing),
                                .vgprs = 24,
                                .user_sgprs = 2,
                                .rsrc2_more = RIG_GROUP_X | 1u << 24,
                                .properties = KERNEL_WAVEFRONT_SIZE32};

    expect_error(rig, rig_dispatch(rig_kernel(rig, &kernel), 32, 32, 0, 0),
                 CP_ERROR_PACKET_UNSUPPORTED, AMD_QUEUE_INVALID_PACKET);
}

/* 32 waves of 256 VGPRs are more than the four SIMDs of a WGP, or the two of a CU, can hold. */
static void test_too_many_registers(void **state)
{
    struct rig *rig = *state;
    uint64_t kernel = kernel_make(rig, program_nothing, sizeof(program_nothing), 256);

    expect_error(rig, rig_dispatch(kernel, 1024, 1024, 0, 0), CP_ERROR_PACKET_REGISTERS,
                 AMD_QUEUE_OUT_OF_REGISTERS);
}

/* ---- waves ---- */

static void test_traps_and_instructions(void **state)
{
    struct rig *rig = *state;

    expect_error(rig, rig_dispatch(KERNEL(rig, trap), 32, 32, 0, 0), CP_ERROR_WAVE_ABORT,
                 AMD_QUEUE_TRAP);
    assert_int_equal(rig->fault.isa.trap_id, 2);
    assert_string_equal(rig->fault.engine, "shader");
    uint64_t kernel = KERNEL(rig, illegal);

    expect_error(rig, rig_dispatch(kernel, 32, 320, 0, 0), CP_ERROR_WAVE_ILLEGAL_INSTRUCTION,
                 AMD_QUEUE_ILLEGAL_INSTRUCTION);
    assert_int_equal(rig->fault.kernel_object, kernel);
    assert_int_equal(rig->fault.isa.pc, kernel + 256);
    assert_int_equal(rig->fault.isa.words[0], 0xbfffffff);
    expect_error(rig, rig_dispatch(KERNEL(rig, lds_outside), 32, 32, 0, 0),
                 CP_ERROR_APERTURE_VIOLATION, AMD_QUEUE_MEMORY_VIOLATION);
}

/* The program's own handler reports; then the device does not report again. */
static void test_trap_handler_reports(void **state)
{
    struct rig *rig = *state;
    uint64_t handler = rig_alloc(rig, sizeof(program_handler), 256), done = rig_signal(rig, 1);
    union aql_packet packet = rig_dispatch(KERNEL(rig, illegal), 32, 32, 0, done);
    struct rig_queue q;

    memcpy(rig_host(rig, handler), program_handler, sizeof(program_handler));
    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    cp_queue_set_trap_handler(q.queue, gpu_va_make(handler), gpu_va_make(0));
    rig_aql_put(&q, &packet);
    assert_true(rig_wait_count(&rig->queue_faults, 1));
    assert_int_equal(atomic_load(&rig->exceptions), 1 << 3);
    assert_true(rig->fault.isa.reported);
    assert_int_equal(rig_signal_value(rig, q.amd_host->queue_inactive_signal), 0);
    rig_queue_destroy(&q);
}

/* ---- memory ---- */

static void expect_memory_fault(struct rig *rig, union aql_packet packet, enum isa_fault_kind kind,
                                uint64_t va, unsigned rights, const char *engine)
{
    unsigned before = atomic_load(&rig->memory_faults);
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    rig_aql_put(&q, &packet);
    assert_true(rig_wait_count(&rig->memory_faults, before + 1));
    assert_int_equal(rig->fault.isa.kind, kind);
    assert_int_equal(rig->fault.isa.va, va);
    assert_int_equal(rig->fault.isa.access & rights, rights);
    assert_string_equal(rig->fault.engine, engine);
    assert_int_equal(rig_signal_value(rig, q.amd_host->queue_inactive_signal), 0);
    rig_queue_destroy(&q);
}

static void test_page_faults(void **state)
{
    struct rig *rig = *state;
    uint64_t kernarg = rig_alloc(rig, 64, 64), store = KERNEL(rig, store);
    uint64_t read_only = rig_map_page(rig, GPU_VM_PAGE_READABLE) + 16;
    uint64_t unmapped = rig_unmapped_va();
    union aql_packet packet = rig_dispatch(store, 32, 32, kernarg, 0);

    memcpy(rig_host(rig, kernarg), &unmapped, 8);
    expect_memory_fault(rig, packet, ISA_FAULT_UNMAPPED, unmapped, ISA_ACCESS_WRITE, "shader");
    memcpy(rig_host(rig, kernarg), &read_only, 8);
    expect_memory_fault(rig, packet, ISA_FAULT_PROTECTION, read_only, ISA_ACCESS_WRITE, "shader");
    packet.dispatch.kernel_object = unmapped;
    expect_memory_fault(rig, packet, ISA_FAULT_UNMAPPED, unmapped, ISA_ACCESS_READ, "aql");
    packet = rig_dispatch(KERNEL(rig, nothing), 32, 32, 0, unmapped);
    expect_memory_fault(rig, packet, ISA_FAULT_UNMAPPED, unmapped + 16, ISA_ACCESS_READ, "aql");
}

static void test_code_must_be_executable(void **state)
{
    struct rig *rig = *state;
    uint64_t page = rig_map_page(rig, GPU_VM_PAGE_READABLE | GPU_VM_PAGE_WRITEABLE);
    uint64_t kernel = KERNEL(rig, nothing);
    struct kernel_descriptor *kd = rig_host(rig, kernel);

    kd->kernel_code_entry_byte_offset = (int64_t)(page - kernel);
    expect_memory_fault(rig, rig_dispatch(kernel, 32, 32, 0, 0), ISA_FAULT_FETCH, page,
                        ISA_ACCESS_EXECUTE, "shader");
}

static void *pages_of_user(void)
{
    void *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

/* Memory that the program takes away while the GPU still has it mapped: a page fault there, too. */
static void test_user_memory_that_goes(void **state)
{
    struct rig *rig = *state;
    uint8_t *memory = pages_of_user();
    uint64_t va = rig_map_user(rig, memory, 8192), kernarg = rig_alloc(rig, 64, 64);
    uint64_t second = va + 4096, to = rig_alloc(rig, 8192, 64);
    uint32_t copy[] = {
        1, 8191, 0, (uint32_t)va, (uint32_t)(va >> 32), (uint32_t)to, (uint32_t)(to >> 32)};
    struct rig_queue sdma;

    memory[100] = 42;
    rig_queue_create(rig, CP_QUEUE_SDMA, &sdma);
    rig_put(&sdma, copy, 7);
    assert_true(rig_drained(&sdma));
    assert_int_equal(((uint8_t *)rig_host(rig, to))[100], 42);
    assert_int_equal(mprotect(memory + 4096, 4096, PROT_NONE), 0);
    rig_put(&sdma, copy, 7);
    assert_true(rig_wait_count(&rig->memory_faults, 1));
    assert_int_equal(rig->fault.isa.va, second);
    rig_queue_destroy(&sdma);

    memcpy(rig_host(rig, kernarg), &second, 8);
    expect_memory_fault(rig, rig_dispatch(KERNEL(rig, store), 32, 32, kernarg, 0),
                        ISA_FAULT_UNMAPPED, second, 0, "shader");
    munmap(memory, 8192);
}

/* A fault in one queue leaves the others alone. */
static void test_other_queues_go_on(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_AQL, &q);
    test_traps_and_instructions(state);
    rig_run(&q, rig_dispatch(KERNEL(rig, nothing), 32, 32, 0, 0));
    rig_queue_destroy(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_bad_packets),
        SUITE_TEST(test_bad_dispatches),
        SUITE_TEST(test_float_exceptions),
        SUITE_TEST(test_too_many_registers),
        SUITE_TEST(test_traps_and_instructions),
        SUITE_TEST(test_trap_handler_reports),
        SUITE_TEST(test_page_faults),
        SUITE_TEST(test_code_must_be_executable),
        SUITE_TEST(test_user_memory_that_goes),
        SUITE_TEST(test_other_queues_go_on),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
