/* SPDX-License-Identifier: MIT
 * HIP and Vulkan work on one buffer by turns. A HIP kernel adds 1 to the buffer's words; Vulkan
 * copies the first word into a log; and so on. Everything is submitted before anything is waited
 * for: the order comes from a Vulkan timeline semaphore that rocweld's bridge connects with the HIP
 * stream. HIP uses the address that Vulkan gave the buffer.
 *
 *   bridge [ROUNDS]
 */
#include "agent.h"
#include "sample.h"
#include "vulkan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rocweld.h>

enum { WORDS = 256, LOG_AT = 4096 };

static void check(int result, const char *call)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: %s\n", call, strerror(-result));
    exit(1);
}
#define CHECK(call) check((call), #call)

static rocweld_bridge *open_bridge(void)
{
    rocweld_bridge *bridge;

    CHECK(rocweld_bridge_create(agent_first_gpu(), &bridge));
    return bridge;
}

/* words[i] += ones[i], by HIP's saxpy. Does not wait. */
static void add_one(hipStream_t stream, uint64_t words, const void *ones)
{
    static hipFunction_t kernel;
    struct {
        float alpha;
        const void *x;
        uint64_t y;
        unsigned n;
    } args = {1, ones, words, WORDS};
    size_t bytes = sizeof args;
    void *config[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, &args, HIP_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                      HIP_LAUNCH_PARAM_END};

    if (!kernel)
        kernel = sample_kernel("saxpy");
    SAMPLE_CHECK(hipModuleLaunchKernel(kernel, 1, 1, 1, WORDS, 1, 1, 0, stream, NULL, config));
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    float ones_host[WORDS];
    rocweld_timeline *timeline;
    struct vulkan vulkan = {0};
    rocweld_bridge *bridge;
    hipStream_t stream;
    const float *log;
    void *ones;
    int fd;

    for (unsigned i = 0; i < WORDS; i++)
        ones_host[i] = 1;
    ones = sample_upload(ones_host, sizeof ones_host);
    SAMPLE_CHECK(hipStreamCreate(&stream));
    vulkan_open(&vulkan, LOG_AT + rounds * sizeof(float));
    bridge = open_bridge();
    fd = vulkan_timeline_fd(&vulkan);
    CHECK(rocweld_timeline_import_fd(bridge, fd, &timeline));
    close(fd);

    for (unsigned i = 0; i < rounds; i++) {
        uint64_t hip_done = 2 * i + 1, vulkan_done = 2 * i + 2;

        if (i > 0)
            CHECK(rocweld_hip_wait_point(timeline, vulkan_done - 2, stream));
        add_one(stream, vulkan.address, ones);
        CHECK(rocweld_hip_signal_point(timeline, hip_done, stream));
        vulkan_copy_word(&vulkan, 0, LOG_AT + i * sizeof(float), hip_done, vulkan_done);
    }
    vulkan_wait(&vulkan, 2 * rounds);

    log = (const float *)((const char *)vulkan.host + LOG_AT);
    for (unsigned i = 0; i < rounds; i++)
        sample_expect_near("log", i, log[i], i + 1, 0);
    printf("bridge: HIP and Vulkan took %u turns each, in order\n", rounds);
    SAMPLE_CHECK(hipStreamSynchronize(stream));
    rocweld_bridge_destroy(bridge);
    vulkan_close(&vulkan);
    SAMPLE_CHECK(hipStreamDestroy(stream));
    SAMPLE_CHECK(hipFree(ones));
    return 0;
}
