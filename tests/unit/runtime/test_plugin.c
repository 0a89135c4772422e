/* SPDX-License-Identifier: MIT
 * The HSA plugin: which tables it touches, and whose mapping an import is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kfd_ioctl.h>

#include "runtime/plugin/api_table.h"
#include "runtime/plugin/hooks.h"
#include "tests/unit/runtime/fakes.h"

bool OnLoad(struct api_root *root, uint64_t runtime_version, uint64_t failed_count,
            const char *const *failed_names);

enum { FUNCTIONS = 128 };

static struct {
    struct api_version version;
    api_function *functions[FUNCTIONS];
} table;

/* ---- the functions behind the hooks ---- */

static int own_maps, own_unmaps, own_asks, info_error;

static hsa_status_t own_map(uint32_t count, hsa_agent_t *agents, int fd, uint32_t flags,
                            size_t *size, void **address, size_t *metadata_size,
                            const void **metadata)
{
    (void)count, (void)agents, (void)fd, (void)flags, (void)metadata_size, (void)metadata;
    own_maps++;
    *size = 1;
    *address = NULL;
    return HSA_STATUS_SUCCESS;
}

static hsa_status_t own_unmap(void *address)
{
    (void)address;
    own_unmaps++;
    return HSA_STATUS_ERROR_INVALID_ARGUMENT;
}

static hsa_status_t own_ask(const void *pointer, hsa_amd_pointer_info_t *info,
                            void *(*allocate)(size_t), uint32_t *count, hsa_agent_t **agents)
{
    (void)pointer, (void)info, (void)allocate, (void)count, (void)agents;
    own_asks++;
    return HSA_STATUS_SUCCESS;
}

/* GET_DMABUF_INFO: five bytes of metadata. */
int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
    struct kfd_ioctl_get_dmabuf_info_args *args = argument;

    (void)fd;
    assert_true(request == AMDKFD_IOC_GET_DMABUF_INFO);
    if (info_error) {
        errno = info_error;
        return -1;
    }
    memcpy((void *)(uintptr_t)args->metadata_ptr, "image", 5);
    args->metadata_size = 5;
    return 0;
}

/* ---- loading ---- */

static struct api_root root_of(uint32_t major, uint32_t count)
{
    memset(&table, 0, sizeof table);
    table.version.major = major;
    table.version.minor = (uint32_t)(sizeof table.version + count * sizeof(void *));
    return (struct api_root){.version = {.minor = sizeof(struct api_root)},
                             .amd_ext = (struct api_table *)&table};
}

static unsigned hooks_installed(void)
{
    unsigned count = 0;

    for (int i = 0; i < FUNCTIONS; i++)
        count += table.functions[i] != NULL;
    return count;
}

static void test_tables(void **state)
{
    static const struct {
        uint32_t major, count, first; /* first: 0 for tables that are left alone */
    } tables[] = {{1, 48, 23}, {1, 51, 23}, {1, 55, 25}, {2, 67, 25}, {2, 68, 25},
                  {2, 70, 25}, {2, 90, 25}, {1, 49, 0},  {1, 60, 0},  {2, 20, 0},
                  {3, 70, 0},  {1, 0, 0},   {0, 48, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct api_root root = root_of(tables[i].major, tables[i].count);

        assert_true(OnLoad(&root, 1, 0, NULL));
        assert_int_equal(hooks_installed(), tables[i].first ? 3 : 0);
        if (tables[i].first) {
            assert_ptr_equal(table.functions[tables[i].first], interop_map);
            assert_ptr_equal(table.functions[tables[i].first + 1], interop_unmap);
            assert_ptr_equal(table.functions[tables[i].first + 3], pointer_info);
        }
    }
}

static void test_old_root(void **state)
{
    struct api_root root = root_of(1, 48);

    (void)state;
    root.version.minor = sizeof root - 1;
    assert_true(OnLoad(&root, 1, 0, NULL));
    assert_int_equal(hooks_installed(), 0);
}

static void test_switched_off(void **state)
{
    struct api_root root = root_of(1, 48);

    (void)state;
    setenv("ROCWELD_INTEROP", "mapped", 1);
    assert_true(OnLoad(&root, 1, 0, NULL));
    unsetenv("ROCWELD_INTEROP");
    assert_int_equal(hooks_installed(), 0);
}

/* Loaded twice, the hooks do not become their own successors. */
static int load(void **state)
{
    struct api_root root = root_of(1, 48);

    (void)state;
    table.functions[23] = (api_function *)own_map;
    table.functions[24] = (api_function *)own_unmap;
    table.functions[26] = (api_function *)own_ask;
    OnLoad(&root, 1, 0, NULL);
    OnLoad(&root, 1, 0, NULL);
    own_maps = own_unmaps = own_asks = info_error = fake_resident_result = 0;
    fake_range = (struct kmt_shim_range){
        .start = 0xffff800000100000,
        .size = 8192,
        .bo_size = 8192,
        .handle = 1,
        .api = KMT_SHIM_GEM,
        .flags = KMT_SHIM_BO_READ | KMT_SHIM_BO_WRITE,
        .render_minor = 128,
    };
    return 0;
}

/* ---- imports ---- */

static void *map(void)
{
    hsa_agent_t agent = FAKE_GPU;
    void *address;
    size_t size;

    assert_int_equal(interop_map(1, &agent, 5, 0, &size, &address, NULL, NULL), 0);
    return address;
}

static void test_counted(void **state)
{
    hsa_agent_t agent = FAKE_GPU;
    void *address = (void *)(uintptr_t)fake_range.start, *got;
    size_t size, metadata_size;
    const void *metadata;

    (void)state;
    assert_int_equal(interop_map(1, &agent, 5, 0, &size, &got, &metadata_size, &metadata), 0);
    assert_ptr_equal(got, address);
    assert_int_equal(size, 8192);
    assert_int_equal(metadata_size, 5);
    assert_memory_equal(metadata, "image", 5);
    assert_ptr_equal(map(), address);
    assert_int_equal(interop_unmap(address), HSA_STATUS_SUCCESS);
    assert_int_equal(interop_unmap(address), HSA_STATUS_SUCCESS);
    assert_int_equal(own_maps + own_unmaps, 0);
    assert_int_equal(interop_unmap(address), HSA_STATUS_ERROR_INVALID_ARGUMENT);
    assert_int_equal(own_unmaps, 1);
}

/* What is not wholly there, or would not stay there, is mapped as ever. */
static void test_passed_on(void **state)
{
    hsa_agent_t agents[2] = {FAKE_GPU, FAKE_CPU};
    void *address;
    size_t size;

    (void)state;
    fake_range.bo_offset = 4096;
    assert_null(map());
    fake_range.bo_offset = 0;
    fake_range.bo_size = 16384;
    assert_null(map());
    fake_range.bo_size = 8192;
    fake_range.flags = KMT_SHIM_BO_READ;
    assert_null(map());
    fake_range.flags |= KMT_SHIM_BO_WRITE;
    fake_resident_result = -EPERM;
    assert_null(map());
    fake_resident_result = 0;
    info_error = EINVAL;
    assert_null(map());
    info_error = 0;
    interop_map(2, agents, 5, 0, &size, &address, NULL, NULL);
    assert_null(address);
    fake_range.size = 0;
    assert_null(map());
    assert_int_equal(own_maps, 7);
}

/* Graphics takes the mapping away: told, and the import can still be let go of. */
static void test_unmapped_meanwhile(void **state)
{
    struct kmt_shim_event event = {.kind = KMT_SHIM_EVENT_UNMAPPED, .range = &fake_range};
    void *address = map();

    (void)state;
    fake_event(&event);
    event.kind = KMT_SHIM_EVENT_MAPPED;
    fake_event(&event);
    assert_int_equal(interop_unmap(address), HSA_STATUS_SUCCESS);
}

/* ---- pointers ---- */

static void *no_memory(size_t bytes)
{
    (void)bytes;
    return NULL;
}

static void test_pointer(void **state)
{
    const char *inside = (const char *)(uintptr_t)fake_range.start + 100;
    hsa_amd_pointer_info_t info = {.size = sizeof info};
    hsa_agent_t *agents;
    uint32_t count;

    (void)state;
    assert_int_equal(pointer_info(inside, &info, malloc, &count, &agents), 0);
    assert_int_equal(info.type, HSA_EXT_POINTER_TYPE_GRAPHICS);
    assert_ptr_equal(info.agentBaseAddress, (void *)(uintptr_t)fake_range.start);
    assert_null(info.hostBaseAddress);
    assert_int_equal(info.sizeInBytes, 8192);
    assert_int_equal(info.agentOwner.handle, FAKE_GPU.handle);
    assert_int_equal(count, 1);
    assert_int_equal(agents[0].handle, FAKE_GPU.handle);
    free(agents);
    assert_int_equal(pointer_info(inside, &info, no_memory, &count, &agents),
                     HSA_STATUS_ERROR_OUT_OF_RESOURCES);
    assert_int_equal(own_asks, 0);
}

/* An older program's structure is shorter. */
static void test_short_info(void **state)
{
    hsa_amd_pointer_info_t info = {.size = offsetof(hsa_amd_pointer_info_t, userData),
                                   .userData = &info};

    (void)state;
    assert_int_equal(pointer_info((void *)(uintptr_t)fake_range.start, &info, NULL, NULL, NULL), 0);
    assert_int_equal(info.size, offsetof(hsa_amd_pointer_info_t, userData));
    assert_int_equal(info.sizeInBytes, 8192);
    assert_ptr_equal(info.userData, &info);
}

static void test_pointer_passed_on(void **state)
{
    hsa_amd_pointer_info_t info = {.size = sizeof info};

    (void)state;
    pointer_info(&info, &info, NULL, NULL, NULL);
    fake_range.api = KMT_SHIM_KFD;
    pointer_info((void *)(uintptr_t)fake_range.start, &info, NULL, NULL, NULL);
    info.size = 0;
    pointer_info((void *)(uintptr_t)fake_range.start, &info, NULL, NULL, NULL);
    pointer_info((void *)(uintptr_t)fake_range.start, NULL, NULL, NULL, NULL);
    assert_int_equal(own_asks, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_old_root),
        cmocka_unit_test(test_switched_off),
        cmocka_unit_test_setup(test_counted, load),
        cmocka_unit_test_setup(test_passed_on, load),
        cmocka_unit_test_setup(test_unmapped_meanwhile, load),
        cmocka_unit_test_setup(test_pointer, load),
        cmocka_unit_test_setup(test_short_info, load),
        cmocka_unit_test_setup(test_pointer_passed_on, load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
