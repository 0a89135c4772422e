/* SPDX-License-Identifier: MIT
 * A HIP stream and graphics write a word by turns, ordered by the bridge's functions for streams:
 *
 *   streams CODE_OBJECT PEER TURNS
 *
 * All turns are put into the stream at once; nothing waits on the CPU but graphics' thread.
 */
#include "graphics.h"
#include "weld.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define __HIP_PLATFORM_AMD__ 1
#include <hip/hip_runtime_api.h>
#include <rocweld.h>

#include "../../../samples/hip/agent.h" /* also where the tree is no include folder */

static void check_hip(hipError_t error, const char *call)
{
    if (error == hipSuccess)
        return;
    fprintf(stderr, "%s: %s\n", call, hipGetErrorString(error));
    exit(2);
}
#define HIP(call) check_hip((call), #call)

static void launch_turn(hipFunction_t turn, hipStream_t stream, struct board *board,
                        uint64_t expected)
{
    struct {
        struct board *board;
        uint64_t expected;
    } args = {board, expected};
    size_t bytes = sizeof args;
    void *config[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, &args, HIP_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                      HIP_LAUNCH_PARAM_END};

    HIP(hipModuleLaunchKernel(turn, 1, 1, 1, 1, 1, 1, 0, stream, NULL, config));
}

int main(int argc, char **argv)
{
    static struct graphics graphics;
    rocweld_timeline *timeline;
    rocweld_bridge *bridge;
    hipFunction_t turn;
    hipStream_t stream;
    hipModule_t module;
    pthread_t peer;
    int fd;

    if (argc != 4)
        return 2;
    HIP(hipModuleLoad(&module, argv[1]));
    HIP(hipModuleGetFunction(&turn, module, "turn"));
    HIP(hipStreamCreate(&stream));
    graphics_open(&graphics);
    WELD(rocweld_bridge_create(agent_first_gpu(), &bridge));
    fd = graphics_timeline_fd(&graphics);
    WELD(rocweld_timeline_import_fd(bridge, fd, &timeline));
    close(fd);
    graphics_turns = strtoull(argv[3], NULL, 10);
    if (pthread_create(&peer, NULL, graphics_peer_find(argv[2])->play, &graphics) != 0)
        return 2;
    for (uint64_t i = 0; i < graphics_turns; i++) {
        if (i > 0)
            WELD(rocweld_hip_wait_point(timeline, 2 * i, stream));
        launch_turn(turn, stream, graphics.board_address, 2 * i);
        WELD(rocweld_hip_signal_point(timeline, 2 * i + 1, stream));
    }
    HIP(hipStreamSynchronize(stream));
    pthread_join(peer, NULL);
    printf("streams: word %llu, errors %llu\n", (unsigned long long)graphics.board->word,
           (unsigned long long)graphics.board->errors);
    rocweld_bridge_destroy(bridge);
    HIP(hipStreamDestroy(stream));
    return graphics.board->errors != 0 || graphics.board->word != 2 * graphics_turns;
}
