/* SPDX-License-Identifier: MIT
 *
 * The tracer's tables and formatting: a decoded argument must read as the struct was filled.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <amdgpu_drm.h>
#include <drm.h>

#include "softgpu/front/kfd/kfd_uapi.h"
#include "tools/trace/buffers.h"
#include "tools/trace/decode.h"
#include "tools/trace/filter.h"
#include "tools/trace/packets.h"
#include "tools/trace/submission.h"

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

/* What is printed below a submission, to be freed. */
static char *submission(struct drm_amdgpu_cs_chunk *chunks, uint32_t count,
                        const struct packet_source *source)
{
    uint64_t pointers[8];
    union drm_amdgpu_cs a = {.in = {.num_chunks = count, .chunks = (uintptr_t)pointers}};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    for (uint32_t i = 0; i < count; i++)
        pointers[i] = (uintptr_t)&chunks[i];
    submission_print(&a, source, out);
    fclose(out);
    return text;
}

static void each_chunk_is_a_line(void **state)
{
    struct drm_amdgpu_cs_chunk_ib ib = {
        .va_start = 0x100000, .ib_bytes = 64, .ip_type = AMDGPU_HW_IP_COMPUTE, .ring = 1};
    struct drm_amdgpu_cs_chunk_fence fence = {.handle = 9, .offset = 0x20};
    struct drm_amdgpu_cs_chunk_dep dep = {.ip_type = AMDGPU_HW_IP_DMA, .ctx_id = 2, .handle = 77};
    struct drm_amdgpu_cs_chunk_sem sem[] = {{3}, {4}};
    struct drm_amdgpu_cs_chunk_syncobj point = {.handle = 5, .point = 1000};
    struct drm_amdgpu_bo_list_entry buffers[] = {{1, 0}, {2, 8}};
    struct drm_amdgpu_bo_list_in list = {
        .bo_number = 2, .bo_info_size = sizeof buffers[0], .bo_info_ptr = (uintptr_t)buffers};
    struct drm_amdgpu_cs_chunk chunks[] = {
        {AMDGPU_CHUNK_ID_IB, sizeof ib / 4, (uintptr_t)&ib},
        {AMDGPU_CHUNK_ID_FENCE, sizeof fence / 4, (uintptr_t)&fence},
        {AMDGPU_CHUNK_ID_DEPENDENCIES, sizeof dep / 4, (uintptr_t)&dep},
        {AMDGPU_CHUNK_ID_SYNCOBJ_IN, sizeof sem / 4, (uintptr_t)sem},
        {AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_SIGNAL, sizeof point / 4, (uintptr_t)&point},
        {AMDGPU_CHUNK_ID_BO_HANDLES, sizeof list / 4, (uintptr_t)&list},
        {AMDGPU_CHUNK_ID_SYNCOBJ_OUT, 1, 16}, /* not mapped: an address, never read */
    };
    char *text = submission(chunks, 7, NULL);

    (void)state;
    assert_string_equal(text, "    IB COMPUTE ring 1: va 0x100000, 64 bytes, flags 0\n"
                              "    FENCE: bo 9, offset 0x20\n"
                              "    DEPENDENCIES: ctx 2 DMA ring 0 job 77\n"
                              "    SYNCOBJ_IN: 3, 4\n"
                              "    SYNCOBJ_TIMELINE_SIGNAL: 5 point 1000\n"
                              "    BO_HANDLES: 1, 2 (priority 8)\n"
                              "    SYNCOBJ_OUT: 0x10\n");
    free(text);
}

/* GPU memory of the packet tests: words from MEMORY on. */
enum { MEMORY = 0x100000 };
static uint32_t memory[64];

static const char *read_memory(void *context, uint64_t va, void *to, size_t size)
{
    (void)context;
    if (va < MEMORY || va + size > MEMORY + sizeof memory)
        return "no memory there";
    memcpy(to, (char *)memory + (va - MEMORY), size);
    return NULL;
}

static void assert_packets(enum packet_language language, uint64_t dwords, const char *expected)
{
    struct packet_source source = {read_memory, NULL};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    packets_print(language, &source, MEMORY, dwords, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

#define PM4(opcode, words) (3u << 30 | ((words)-1u) << 16 | (opcode) << 8)

static void pm4_packets_have_names(void **state)
{
    const uint32_t words[] = {
        PM4(0x76u, 3),
        0x20c,
        0x1234,
        0x5, /* SET_SH_REG */
        PM4(0x15u, 4),
        8,
        4,
        1,
        0x8001, /* DISPATCH_DIRECT */
        PM4(0x46u, 1),
        0x407, /* EVENT_WRITE */
        0xffff1000,
        0xffff1000, /* NOP */
        PM4(0x3fu, 3),
        MEMORY + 32 * 4,
        0,
        2 | 1 << 20,   /* INDIRECT_BUFFER, chained */
        PM4(0x76u, 3), /* never reached */
    };

    (void)state;
    memcpy(memory, words, sizeof words);
    memory[32] = PM4(0x2fu, 1); /* NUM_INSTANCES */
    memory[33] = 7;
    assert_packets(PACKETS_PM4, sizeof words / 4,
                   "        0x100000  SET_SH_REG COMPUTE_PGM_LO=0x1234 COMPUTE_PGM_HI=0x5\n"
                   "        0x100010  DISPATCH_DIRECT x=8 y=4 z=1 initiator=0x8001\n"
                   "        0x100024  EVENT_WRITE event=CS_PARTIAL_FLUSH index=4\n"
                   "        0x10002c  NOP x 2\n"
                   "        0x100034  INDIRECT_BUFFER va=0x100080 dwords=2 chain=1\n"
                   "        0x100080  NUM_INSTANCES instances=7\n");
}

static void nested_buffers_come_back(void **state)
{
    const uint32_t words[] = {PM4(0x3fu, 3), MEMORY + 32 * 4, 0, 1, /* INDIRECT_BUFFER */
                              PM4(0x3fu, 3), 0x8000,          0, 1};

    (void)state;
    memcpy(memory, words, sizeof words);
    memory[32] = 0x80000000;
    assert_packets(PACKETS_PM4, 8,
                   "        0x100000  INDIRECT_BUFFER va=0x100080 dwords=1 chain=0\n"
                   "            0x100080  filler\n"
                   "        0x100010  INDIRECT_BUFFER va=0x8000 dwords=1 chain=0\n"
                   "            0x8000 cannot be shown: no memory there\n");
}

static void what_is_cut_off_is_shown_as_words(void **state)
{
    (void)state;
    memory[0] = PM4(0x76u, 40);
    memory[1] = 0x20c;
    assert_packets(PACKETS_PM4, 2, "        0x100000  not a whole packet: c0277600 0000020c\n");
}

static void a_buffer_that_calls_itself_ends(void **state)
{
    const uint32_t words[] = {PM4(0x3fu, 3), MEMORY, 0, 4, PM4(0x3fu, 3), MEMORY, 0, 8 | 1 << 20};
    struct packet_source source = {read_memory, NULL};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    memcpy(memory, words, sizeof words);
    packets_print(PACKETS_PM4, &source, MEMORY, 8, out);
    fclose(out);
    assert_non_null(strstr(text, "nested too deep"));
    assert_non_null(strstr(text, "and more"));
    free(text);
}

static void sdma_packets_have_names(void **state)
{
    const uint32_t words[] = {
        0x00000001, 4095,   0, 0x2000, 0x1,  0x3000, 0, /* copy_linear */
        0x00000002, 0x4000, 0, 1,      0xaa, 0xbb,      /* write_linear of two words */
        0x00000005, 0x5000, 0, 42,                      /* fence */
        0,          0,      0,                          /* nop */
        0x000000ff,                                     /* nothing */
    };
    const uint32_t tiled[] = {
        0x80080501, 0x6000, 0, 0, 0, 0, 0, 0x7000, 0, 0, 0, 0, 0, 0, 1, 2, 3, /* with metadata */
        0x00000601, 0x8000, 0, 0, 0, 0, 0, 0x9000, 0, 0, 0, 0, 0, 0, 0,       /* without */
        0x00000102, 0xa000, 0, 0, 0, 0, 0, 0,      1, 4, 5,                   /* two words */
        0x00000006, 0,
    };

    (void)state;
    memcpy(memory, words, sizeof words);
    assert_packets(PACKETS_SDMA, sizeof words / 4,
                   "        0x100000  copy_linear bytes_minus_1=4095 src=0x100002000 dst=0x3000\n"
                   "        0x10001c  write_linear dst=0x4000 dwords_minus_1=1 data=0xaa\n"
                   "        0x100034  fence va=0x5000 data=0x2a\n"
                   "        0x100044  nop x 3\n"
                   "        0x100050  not a packet: 000000ff\n");
    memcpy(memory, tiled, sizeof tiled);
    assert_packets(PACKETS_SDMA, sizeof tiled / 4,
                   "        0x100000  copy_tiled_subwindow detile=1 metadata=1 tiled=0x6000 "
                   "linear=0x7000\n"
                   "        0x100044  copy_t2t_subwindow metadata=0 src=0x8000 dst=0x9000\n"
                   "        0x100080  write_tiled dst=0xa000\n"
                   "        0x1000ac  trap context=0\n");
}

/* ---- which buffer is where: a device of four buffers, each full of its handle ---- */

static unsigned char contents[4][4096];

static int fake_ioctl(int fd, unsigned long request, ...)
{
    union drm_amdgpu_gem_mmap *map;
    va_list arguments;

    assert_int_equal(fd, 7);
    assert_int_equal(request, DRM_IOCTL_AMDGPU_GEM_MMAP);
    va_start(arguments, request);
    map = va_arg(arguments, union drm_amdgpu_gem_mmap *);
    va_end(arguments);
    if (map->in.handle == 3) {
        errno = EPERM;
        return -1;
    }
    map->out.addr_ptr = map->in.handle * 4096u;
    return 0;
}

static void *fake_mmap(void *wanted, size_t length, int protection, int flags, int fd, off_t offset)
{
    void *copy = mmap(wanted, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_int_equal(protection, PROT_READ);
    assert_int_equal(flags, MAP_SHARED);
    assert_int_equal(fd, 7);
    memcpy(copy, contents[offset / 4096], length < 4096 ? length : 4096);
    return copy;
}

static void map_buffer(uint32_t operation, uint32_t handle, uint64_t va, uint64_t size)
{
    struct drm_amdgpu_gem_va a = {
        .operation = operation, .handle = handle, .va_address = va, .map_size = size};

    buffers_note(7, DRM_COMMAND_BASE + DRM_AMDGPU_GEM_VA, &a);
}

static void buffers_are_found_by_address(void **state)
{
    static const struct buffers_calls calls = {fake_ioctl, fake_mmap};
    struct drm_gem_close closing = {.handle = 1};
    unsigned char bytes[2] = {0};

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        memset(contents[i], (int)i, sizeof contents[i]);
    map_buffer(AMDGPU_VA_OP_MAP, 1, 0xffff800000010000, 0x1000); /* the high half */
    map_buffer(AMDGPU_VA_OP_MAP, 2, 0xffff800000011000, 0x1000);
    assert_null(buffers_read(&calls, 7, 0x800000010fff, bytes, 2)); /* over the border */
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[1], 2);
    assert_non_null(buffers_read(&calls, 7, 0x800000011fff, bytes, 2));
    assert_non_null(buffers_read(&calls, 8, 0x800000010000, bytes, 1)); /* another VM */
    map_buffer(AMDGPU_VA_OP_REPLACE, 2, 0x800000010800, 0x100);
    assert_null(buffers_read(&calls, 7, 0x8000000108ff, bytes, 2));
    assert_int_equal(bytes[0], 2);
    assert_int_equal(bytes[1], 1);
    map_buffer(AMDGPU_VA_OP_MAP, 3, 0x20000, 0x1000);
    assert_string_equal(buffers_read(&calls, 7, 0x20000, bytes, 1),
                        "the CPU has no access to the buffer");
    buffers_note(7, 0x09, &closing);
    assert_non_null(buffers_read(&calls, 7, 0x800000010000, bytes, 1));
    assert_null(buffers_read(&calls, 7, 0x800000011000, bytes, 1));
    buffers_forget(7);
    assert_non_null(buffers_read(&calls, 7, 0x800000011000, bytes, 1));
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
    assert_true(filter_matches(NULL, "kfd", "GET_VERSION"));
    assert_true(filter_matches("kfd", "kfd", "GET_VERSION"));
    assert_false(filter_matches("drm", "kfd", "GET_VERSION"));
    assert_true(filter_matches("*queue", "kfd", "CREATE_QUEUE"));
    assert_false(filter_matches("kfd,!WAIT_*", "kfd", "WAIT_EVENTS"));
    assert_true(filter_matches("!WAIT_*", "drm", "INFO"));
    assert_true(filter_matches("INFO,GEM_*", "drm", "GEM_VA"));
}

static void filters_with_unknown_words_are_found(void **state)
{
    char word[16] = "";

    (void)state;
    assert_false(filter_find_unknown("", word, sizeof word));
    assert_false(filter_find_unknown("kfd,!wait_*,drm,open,mmap,GEM_VA", word, sizeof word));
    assert_true(filter_find_unknown("kfd,!WAIT_EVENT", word, sizeof word));
    assert_string_equal(word, "WAIT_EVENT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_and_results_are_named),
        cmocka_unit_test(an_older_struct_shows_only_its_fields),
        cmocka_unit_test(arrays_are_read_from_memory),
        cmocka_unit_test(each_chunk_is_a_line),
        cmocka_unit_test(pm4_packets_have_names),
        cmocka_unit_test(nested_buffers_come_back),
        cmocka_unit_test(what_is_cut_off_is_shown_as_words),
        cmocka_unit_test(a_buffer_that_calls_itself_ends),
        cmocka_unit_test(sdma_packets_have_names),
        cmocka_unit_test(buffers_are_found_by_address),
        cmocka_unit_test(svm_attributes_end_where_the_request_does),
        cmocka_unit_test(a_line_never_overflows),
        cmocka_unit_test(filters_choose_calls),
        cmocka_unit_test(filters_with_unknown_words_are_found),
    };
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
