/* SPDX-License-Identifier: MIT
 *
 * INFO: every query, sizes, and errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/front/drm/fixture.h"

static int info(int fd, struct drm_amdgpu_info args, void *answer, uint32_t size)
{
    args.return_pointer = (uintptr_t)answer;
    args.return_size = size;
    return call(fd, DRM_IOCTL_AMDGPU_INFO, &args);
}

#define ASK(fd, number, answer)                                                                    \
    info(fd, (struct drm_amdgpu_info){.query = (number)}, (answer), sizeof *(answer))

static void bad_requests(void **state)
{
    int fd = render_node();
    uint32_t value;

    (void)state;
    assert_int_equal(info(fd, (struct drm_amdgpu_info){.query = 0}, NULL, 4), EINVAL);
    assert_int_equal(info(fd, (struct drm_amdgpu_info){.query = 0}, &value, 0), EINVAL);
    assert_int_equal(info(fd, (struct drm_amdgpu_info){.query = 0}, (void *)8, 4), EFAULT);
    assert_int_equal(ASK(fd, 0x7f, &value), EINVAL);
    assert_int_equal(ASK(fd, 0x0c, &value), EINVAL); /* a hole in the numbers */
    node_close(fd);
}

static void answers_are_cut_to_the_size(void **state)
{
    int fd = render_node();
    uint8_t bytes[8] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee};
    struct drm_uapi_info_device device;
    struct drm_amdgpu_info_device old;

    (void)state;
    assert_int_equal(
        info(fd, (struct drm_amdgpu_info){.query = AMDGPU_INFO_ACCEL_WORKING}, bytes, 8), 0);
    assert_memory_equal(bytes, "\1\0\0\0\xee\xee\xee\xee", 8);
    assert_int_equal(
        info(fd, (struct drm_amdgpu_info){.query = AMDGPU_INFO_ACCEL_WORKING}, bytes + 4, 1), 0);
    assert_memory_equal(bytes, "\1\0\0\0\1\xee\xee\xee", 8);
    assert_int_equal(ASK(fd, AMDGPU_INFO_DEV_INFO, &device), 0);
    assert_int_equal(ASK(fd, AMDGPU_INFO_DEV_INFO, &old), 0);
    assert_memory_equal(&old, &device, offsetof(struct drm_amdgpu_info_device, _pad1));
    node_close(fd);
}

static void the_device(void **state)
{
    const struct gpu_profile *profile = test_machine->devices[0].profile;
    struct drm_uapi_info_device device;
    unsigned units = 0;
    int fd = render_node();

    (void)state;
    memset(&device, 0xee, sizeof device);
    assert_int_equal(ASK(fd, AMDGPU_INFO_DEV_INFO, &device), 0);
    assert_int_equal(device.device_id, 0x73bf);
    assert_int_equal(device.family, AMDGPU_FAMILY_NV);
    assert_int_equal(device.num_shader_engines, 4);
    assert_int_equal(device.num_shader_arrays_per_engine, 2);
    assert_int_equal(device.cu_active_number, 72);
    for (int engine = 0; engine < 4; engine++)
        for (int array = 0; array < 4; array++)
            units += (unsigned)__builtin_popcount(device.cu_bitmap[engine][array]);
    assert_int_equal(units, device.cu_active_number);
    assert_int_equal(device.wave_front_size, 32);
    assert_int_equal(device.gpu_counter_freq, profile->gpu_counter_khz);
    assert_int_equal(device.virtual_address_offset, 65536);
    assert_int_equal(device.virtual_address_max, UINT64_C(0x0000800000000000));
    assert_int_equal(device.high_va_offset, UINT64_C(0xffff800000000000));
    assert_int_equal(device.high_va_max, UINT64_C(0xffffffffffbf0000));
    assert_int_equal(device.virtual_address_alignment, 4096);
    assert_int_equal(device.vram_type, AMDGPU_VRAM_TYPE_GDDR6);
    assert_int_equal(device.enabled_rb_pipes_mask, 0xffff);
    assert_int_equal(device.mall_size, 128 << 20);
    assert_int_equal(device.csa_alignment, 0);
    node_close(fd);
}

static void registers(void **state)
{
    uint32_t values[2] = {0};
    struct drm_amdgpu_info ask = {
        .query = AMDGPU_INFO_READ_MMR_REG,
        .read_mmr_reg = {.dword_offset = 0x263e, .count = 1, .instance = 0xffffffff}};
    int fd = render_node();

    (void)state;
    assert_int_equal(info(fd, ask, values, 4), 0);
    assert_int_equal(values[0], test_machine->devices[0].profile->gb_addr_config);
    ask.read_mmr_reg.count = 2; /* the next is not for user space */
    assert_int_equal(info(fd, ask, values, 8), EFAULT);
    ask.read_mmr_reg.dword_offset = 0x2004; /* GRBM_STATUS, idle; and GRBM_STATUS_SE0 */
    assert_int_equal(info(fd, ask, values, 8), 0);
    assert_int_equal(values[0], 0);
    ask.read_mmr_reg.count = 129;
    assert_int_equal(info(fd, ask, values, 8), EINVAL);
    ask.read_mmr_reg.count = 1;
    ask.read_mmr_reg.instance = 4; /* shader engines are 0..3, or all */
    assert_int_equal(info(fd, ask, values, 4), EINVAL);
    ask.read_mmr_reg.instance = 0xff | 2 << AMDGPU_INFO_MMR_SH_INDEX_SHIFT;
    assert_int_equal(info(fd, ask, values, 4), EINVAL);
    node_close(fd);
}

static void engines(void **state)
{
    static const struct {
        uint32_t type;
        int count_err, count;
        uint32_t major, discovery, rings;
    } cases[] = {
        {AMDGPU_HW_IP_GFX, 0, 1, 10, 0x0a0300, 0x1},
        {AMDGPU_HW_IP_COMPUTE, 0, 1, 10, 0x0a0300, 0xf},
        {AMDGPU_HW_IP_DMA, 0, 4, 5, 0x050200, 0x3},
        {AMDGPU_HW_IP_UVD, EINVAL, 0, 0, 0, 0},
        {AMDGPU_HW_IP_VCN_DEC, EINVAL, 0, 0, 0, 0},
        {DRM_UAPI_HW_IP_VPE, EINVAL, 0, 0, 0, 0},
    };
    struct drm_uapi_info_hw_ip ip;
    int fd = render_node();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct drm_amdgpu_info ask = {.query = AMDGPU_INFO_HW_IP_COUNT,
                                      .query_hw_ip.type = cases[i].type};
        int count = 0;

        assert_int_equal(info(fd, ask, &count, sizeof count), cases[i].count_err);
        assert_int_equal(count, cases[i].count);
        ask.query = AMDGPU_INFO_HW_IP_INFO;
        assert_int_equal(info(fd, ask, &ip, sizeof ip), 0);
        assert_int_equal(ip.hw_ip_version_major, cases[i].major);
        assert_int_equal(ip.ip_discovery_version, cases[i].discovery);
        assert_int_equal(ip.available_rings, cases[i].rings);
    }
    struct drm_amdgpu_info bad = {.query = AMDGPU_INFO_HW_IP_INFO, .query_hw_ip.type = 10};
    assert_int_equal(info(fd, bad, &ip, sizeof ip), EINVAL);
    bad.query_hw_ip.type = 0;
    bad.query_hw_ip.ip_instance = AMDGPU_HW_IP_INSTANCE_MAX_COUNT;
    assert_int_equal(info(fd, bad, &ip, sizeof ip), EINVAL);
    uint32_t ibs[DRM_UAPI_HW_IP_NUM];
    assert_int_equal(
        info(fd, (struct drm_amdgpu_info){.query = DRM_UAPI_INFO_MAX_IBS}, ibs, sizeof ibs), 0);
    assert_int_equal(ibs[AMDGPU_HW_IP_GFX], 192);
    node_close(fd);
}

static void firmware(void **state)
{
    const struct gpu_profile *profile = test_machine->devices[0].profile;
    struct drm_amdgpu_info ask = {.query = AMDGPU_INFO_FW_VERSION};
    struct drm_amdgpu_info_firmware version;
    int fd = render_node();

    (void)state;
    ask.query_fw.fw_type = AMDGPU_INFO_FW_GFX_MEC;
    assert_int_equal(info(fd, ask, &version, sizeof version), 0);
    assert_int_equal(version.ver, profile->mec_version);
    ask.query_fw.index = 2;
    assert_int_equal(info(fd, ask, &version, sizeof version), EINVAL);
    ask.query_fw.fw_type = AMDGPU_INFO_FW_SDMA;
    assert_int_equal(info(fd, ask, &version, sizeof version), 0);
    assert_int_equal(version.ver, profile->sdma_version);
    ask.query_fw.index = profile->sdma_engines;
    assert_int_equal(info(fd, ask, &version, sizeof version), EINVAL);
    ask.query_fw.index = 0;
    ask.query_fw.fw_type = AMDGPU_INFO_FW_SMC;
    assert_int_equal(info(fd, ask, &version, sizeof version), 0);
    assert_int_equal(version.ver, 0);
    ask.query_fw.fw_type = DRM_UAPI_FW_LAST + 1;
    assert_int_equal(info(fd, ask, &version, sizeof version), EINVAL);
    ask.query_fw.fw_type = AMDGPU_INFO_FW_GFX_ME;
    ask.query_fw.ip_instance = 1;
    assert_int_equal(info(fd, ask, &version, sizeof version), EINVAL);
    node_close(fd);
}

static void memory(void **state)
{
    struct drm_amdgpu_info_vram_gtt heaps;
    struct drm_amdgpu_memory_info before, after;
    struct drm_amdgpu_info_gds gds;
    uint64_t used, visible, gtt, moved;
    int fd = render_node();

    (void)state;
    assert_int_equal(ASK(fd, AMDGPU_INFO_MEMORY, &before), 0);
    gem_create(fd, 3 * MIB, AMDGPU_GEM_DOMAIN_VRAM);
    gem_create(fd, 2 * MIB, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(ASK(fd, AMDGPU_INFO_MEMORY, &after), 0);
    assert_int_equal(after.vram.total_heap_size, 256 * MIB);
    assert_int_equal(after.vram.usable_heap_size, 248 * MIB);
    assert_int_equal(after.vram.max_allocation, 186 * MIB);
    assert_int_equal(after.vram.heap_usage - before.vram.heap_usage, 3 * MIB);
    assert_int_equal(after.cpu_accessible_vram.total_heap_size, 256 * MIB);
    assert_int_equal(after.gtt.heap_usage - before.gtt.heap_usage, 2 * MIB);
    assert_int_equal(ASK(fd, AMDGPU_INFO_VRAM_USAGE, &used), 0);
    assert_int_equal(used, after.vram.heap_usage);
    assert_int_equal(ASK(fd, AMDGPU_INFO_VIS_VRAM_USAGE, &visible), 0);
    assert_int_equal(visible, used);
    assert_int_equal(ASK(fd, AMDGPU_INFO_GTT_USAGE, &gtt), 0);
    assert_int_equal(gtt, after.gtt.heap_usage);
    assert_int_equal(ASK(fd, AMDGPU_INFO_NUM_BYTES_MOVED, &moved), 0);
    assert_int_equal(moved, 0);
    assert_int_equal(ASK(fd, AMDGPU_INFO_NUM_EVICTIONS, &moved), 0);
    assert_int_equal(ASK(fd, AMDGPU_INFO_VRAM_GTT, &heaps), 0);
    assert_int_equal(heaps.vram_size, after.vram.usable_heap_size);
    assert_int_equal(heaps.gtt_size, after.gtt.total_heap_size);
    assert_int_equal(ASK(fd, AMDGPU_INFO_GDS_CONFIG, &gds), 0);
    assert_int_equal(gds.gds_total_size, 65536);
    assert_int_equal(gds.gws_per_compute_partition, 64);
    node_close(fd);
}

static void clock_runs(void **state)
{
    uint64_t first, second;
    int fd = render_node();

    (void)state;
    assert_int_equal(ASK(fd, AMDGPU_INFO_TIMESTAMP, &first), 0);
    usleep(1000);
    assert_int_equal(ASK(fd, AMDGPU_INFO_TIMESTAMP, &second), 0);
    assert_true(second - first >= 100000); /* 100 MHz */
    node_close(fd);
}

static void what_this_gpu_lacks(void **state)
{
    struct drm_amdgpu_info ask = {.query = AMDGPU_INFO_VBIOS};
    struct drm_amdgpu_info_vbios vbios;
    struct drm_amdgpu_info_vce_clock_table clocks;
    uint32_t value = 1;
    uint64_t wide = 1;
    int fd = render_node();

    (void)state;
    ask.vbios_info.type = AMDGPU_INFO_VBIOS_SIZE;
    assert_int_equal(info(fd, ask, &value, 4), 0);
    assert_int_equal(value, 0);
    ask.vbios_info.type = AMDGPU_INFO_VBIOS_IMAGE;
    assert_int_equal(info(fd, ask, &value, 4), EINVAL);
    ask.vbios_info.type = AMDGPU_INFO_VBIOS_INFO;
    assert_int_equal(info(fd, ask, &vbios, sizeof vbios), 0);
    assert_int_equal(vbios.name[0], 0);
    assert_int_equal(ASK(fd, AMDGPU_INFO_VCE_CLOCK_TABLE, &clocks), 0);
    assert_int_equal(clocks.num_valid_entries, 0);
    assert_int_equal(ASK(fd, AMDGPU_INFO_SENSOR, &value), ENOENT);
    assert_int_equal(ASK(fd, AMDGPU_INFO_CRTC_FROM_ID, &value), EINVAL);
    assert_int_equal(ASK(fd, AMDGPU_INFO_VIDEO_CAPS, &value), EINVAL);
    assert_int_equal(ASK(fd, AMDGPU_INFO_RAS_ENABLED_FEATURES, &value), EINVAL);
    ask = (struct drm_amdgpu_info){.query = AMDGPU_INFO_NUM_HANDLES,
                                   .query_hw_ip.type = AMDGPU_HW_IP_UVD};
    assert_int_equal(info(fd, ask, &value, 4), ENODATA);
    assert_int_equal(ASK(fd, AMDGPU_INFO_NUM_HANDLES, &value), EINVAL);
    assert_int_equal(ASK(fd, AMDGPU_INFO_VRAM_LOST_COUNTER, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(ASK(fd, AMDGPU_INFO_NUM_VRAM_CPU_PAGE_FAULTS, &wide), 0);
    assert_int_equal(wide, 0);
    node_close(fd);
}

static void last_fault(void **state)
{
    struct drm_uapi_info_gpuvm_fault fault;
    int fd = render_node();

    (void)state;
    assert_int_equal(ASK(fd, DRM_UAPI_INFO_GPUVM_FAULT, &fault), 0);
    assert_int_equal(fault.addr, 0);
    gpu_vm_note_fault(vm_of(fd), gpu_va_make(0x123456789), 0x42);
    assert_int_equal(ASK(fd, DRM_UAPI_INFO_GPUVM_FAULT, &fault), 0);
    assert_int_equal(fault.addr, 0x123456000);
    assert_int_equal(fault.status, 0x42);
    node_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_requests), cmocka_unit_test(answers_are_cut_to_the_size),
        cmocka_unit_test(the_device),   cmocka_unit_test(registers),
        cmocka_unit_test(engines),      cmocka_unit_test(firmware),
        cmocka_unit_test(memory),       cmocka_unit_test(clock_runs),
        cmocka_unit_test(last_fault),   cmocka_unit_test(what_this_gpu_lacks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
