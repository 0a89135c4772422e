/* SPDX-License-Identifier: MIT
 *
 * The tracer's tables and formatting: a decoded argument must read as the struct was filled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <amdgpu_drm.h>
#include <drm.h>

#include "softgpu/front/kfd/kfd_uapi.h"
#include "tools/trace/decode.h"
#include "tools/trace/output.h"

static unsigned char before[1024], after[1024];

static const char *decode(struct line *line, enum trace_device device, unsigned number,
                          enum line_phase phase, size_t valid)
{
    const struct trace_call *call = trace_call_find(device, number);

    *line = (struct line){.phase = phase, .before = before, .valid = valid};
    assert_non_null(call->name);
    assert_non_null(call->decode);
    assert_true(call->size <= sizeof before);
    call->decode(phase == LINE_ARGUMENTS ? before : after, line);
    return line->text;
}

static void arguments_and_results_are_named(void **state)
{
    struct kfd_ioctl_alloc_memory_of_gpu_args a = {.va_addr = 0x7f0000200000,
                                                   .size = 0x1000,
                                                   .gpu_id = 0x1a2b,
                                                   .flags = KFD_IOC_ALLOC_MEM_FLAGS_VRAM |
                                                            1u << 31 | 1u << 10};
    struct line line;

    (void)state;
    memcpy(before, &a, sizeof a);
    assert_string_equal(decode(&line, TRACE_KFD, 0x16, LINE_ARGUMENTS, sizeof a),
                        "gpu_id=0x1a2b, va_addr=0x7f0000200000, size=0x1000, "
                        "flags=VRAM|WRITABLE|0x400, mmap_offset=0");
    a.handle = UINT64_C(0x1a2b) << 32 | 5;
    a.mmap_offset = 0x100000;
    memcpy(after, &a, sizeof a);
    assert_string_equal(decode(&line, TRACE_KFD, 0x16, LINE_RESULTS, sizeof a),
                        "mmap_offset=0x100000, handle=0x1a2b:5");
}

static void an_older_struct_shows_only_its_fields(void **state)
{
    struct kfd_create_queue_args a = {.gpu_id = 1, .queue_type = KFD_QUEUE_TYPE_COMPUTE_AQL};
    struct line line;

    (void)state;
    memcpy(before, &a, sizeof a);
    assert_null(strstr(
        decode(&line, TRACE_KFD, 2, LINE_ARGUMENTS, sizeof(struct kfd_ioctl_create_queue_args)),
        "sdma_engine_id"));
    assert_non_null(
        strstr(decode(&line, TRACE_KFD, 2, LINE_ARGUMENTS, sizeof a), "sdma_engine_id=0"));
    assert_non_null(strstr(line.text, "queue_type=COMPUTE_AQL"));
}

static void arrays_are_read_from_memory(void **state)
{
    uint32_t gpus[] = {0x11, 0x22};
    struct kfd_ioctl_map_memory_to_gpu_args a = {
        .handle = 7, .device_ids_array_ptr = (uintptr_t)gpus, .n_devices = 2};
    struct line line;

    (void)state;
    memcpy(before, &a, sizeof a);
    assert_string_equal(decode(&line, TRACE_KFD, 0x18, LINE_ARGUMENTS, sizeof a),
                        "handle=0x0000:7, device_ids_array_ptr=[0x0011, 0x0022], n_success=0");
    a.device_ids_array_ptr = 16; /* not mapped: shown as an address, never read */
    memcpy(before, &a, sizeof a);
    assert_string_equal(decode(&line, TRACE_KFD, 0x18, LINE_ARGUMENTS, sizeof a),
                        "handle=0x0000:7, device_ids_array_ptr=0x10, n_success=0");
}

static void command_chunks_are_followed(void **state)
{
    struct drm_amdgpu_cs_chunk_ib ib = {
        .va_start = 0x100000, .ib_bytes = 64, .ip_type = AMDGPU_HW_IP_COMPUTE, .ring = 1};
    struct drm_amdgpu_cs_chunk chunk = {AMDGPU_CHUNK_ID_IB, sizeof ib / 4, (uintptr_t)&ib};
    uint64_t pointers[] = {(uintptr_t)&chunk};
    union drm_amdgpu_cs a = {.in = {.ctx_id = 1, .num_chunks = 1, .chunks = (uintptr_t)pointers}};
    struct line line;

    (void)state;
    memcpy(before, &a, sizeof a);
    assert_string_equal(decode(&line, TRACE_DRM, 0x44, LINE_ARGUMENTS, sizeof a),
                        "in.ctx_id=1, in.bo_list_handle=0, in.flags=0, "
                        "chunks=[IB(COMPUTE ring 1, va 0x100000, 64 bytes, flags 0)]");
}

static void svm_attributes_end_where_the_request_does(void **state)
{
    struct {
        struct kfd_ioctl_svm_args head;
        struct kfd_ioctl_svm_attribute attributes[2];
    } a = {{.start_addr = 0x1000, .size = 0x2000, .op = KFD_IOCTL_SVM_OP_SET_ATTR, .nattr = 1000},
           {{KFD_IOCTL_SVM_ATTR_SET_FLAGS, KFD_IOCTL_SVM_FLAG_COHERENT},
            {KFD_IOCTL_SVM_ATTR_ACCESS, 0x33}}};
    struct line line;

    (void)state;
    memcpy(before, &a, sizeof a);
    assert_string_equal(decode(&line, TRACE_KFD, 0x20, LINE_ARGUMENTS, sizeof a),
                        "start_addr=0x1000, size=0x2000, op=SET_ATTR, "
                        "attrs=[SET_FLAGS=COHERENT, ACCESS=0x0033]");
}

static void a_line_never_overflows(void **state)
{
    struct line line = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        line_add(&line, "word ");
    assert_int_equal(line.length, sizeof line.text - 1);
    assert_string_equal(line.text + line.length - 3, "...");
}

static void filters_choose_calls(void **state)
{
    (void)state;
    assert_true(output_filter_matches(NULL, "kfd", "GET_VERSION"));
    assert_true(output_filter_matches("kfd", "kfd", "GET_VERSION"));
    assert_false(output_filter_matches("drm", "kfd", "GET_VERSION"));
    assert_true(output_filter_matches("*queue", "kfd", "CREATE_QUEUE"));
    assert_false(output_filter_matches("kfd,!WAIT_*", "kfd", "WAIT_EVENTS"));
    assert_true(output_filter_matches("!WAIT_*", "drm", "INFO"));
    assert_true(output_filter_matches("INFO,GEM_*", "drm", "GEM_VA"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_and_results_are_named),
        cmocka_unit_test(an_older_struct_shows_only_its_fields),
        cmocka_unit_test(arrays_are_read_from_memory),
        cmocka_unit_test(command_chunks_are_followed),
        cmocka_unit_test(svm_attributes_end_where_the_request_does),
        cmocka_unit_test(a_line_never_overflows),
        cmocka_unit_test(filters_choose_calls),
    };
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
