/* SPDX-License-Identifier: MIT
 * Compute and graphics write a word by turns, ordered by nothing but the bridge: an AQL queue whose
 * packets wait for HSA signals, and graphics work that waits for points of a timeline. Each turn
 * finds what the other wrote, or counts an error.
 *
 *   handover CODE_OBJECT PEER TURNS
 *
 * TURNS hand-overs go each way.
 */
#include "compute.h"
#include "graphics.h"
#include "weld.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rocweld.h>

enum { SIGNALS = 64 };

struct game {
    struct compute compute;
    struct graphics graphics;
    struct board *board; /* as kernels see it */
    rocweld_bridge *bridge;
    rocweld_timeline *timeline;
    struct turn {
        hsa_signal_t may, done;      /* compute may begin; has ended */
        rocweld_handover *to, *from; /* of the signals' last use */
    } turns[SIGNALS];
};

static void game_open(struct game *game, const char *code)
{
    struct rocweld_vm vm;
    int fd;

    compute_open(&game->compute, code);
    graphics_open(&game->graphics);
    WELD(rocweld_vm_of_agent(game->compute.agent, &vm));
    game->board = game->graphics.board_address;
    if (!vm.shared) /* then in compute's memory */
        game->board = game->graphics.board = compute_memory(&game->compute, sizeof *game->board);
    WELD(rocweld_bridge_create(game->compute.agent, &game->bridge));
    fd = graphics_timeline_fd(&game->graphics);
    WELD(rocweld_timeline_import_fd(game->bridge, fd, &game->timeline));
    close(fd);
    for (int i = 0; i < SIGNALS; i++)
        game->turns[i] = (struct turn){compute_signal(0), compute_signal(0), NULL, NULL};
}

/* The hand-overs that the signals were in have ended: they can be used again. */
static void turn_finish(struct turn *turn)
{
    if (turn->from) {
        WELD(rocweld_handover_wait(turn->from, UINT64_MAX));
        rocweld_handover_release(turn->from);
    }
    if (turn->to) {
        WELD(rocweld_handover_wait(turn->to, UINT64_MAX));
        rocweld_handover_release(turn->to);
    }
    turn->from = turn->to = NULL;
}

/* Compute's turn i waits for point 2 i, which graphics signals, and is followed by point 2 i + 1.
 */
static void turn_submit(struct game *game, uint64_t i)
{
    struct turn *turn = &game->turns[i % SIGNALS];

    turn_finish(turn);
    if (i > 0) {
        hsa_signal_store_relaxed(turn->may, 1);
        WELD(rocweld_handover_to_signal(game->timeline, 2 * i, turn->may, 0, &turn->to));
        compute_wait(&game->compute, turn->may);
    }
    hsa_signal_store_relaxed(turn->done, 1);
    WELD(rocweld_handover_from_signal(game->timeline, 2 * i + 1, turn->done,
                                      HSA_SIGNAL_CONDITION_LT, 1, &turn->from));
    compute_turn(&game->compute, game->board, 2 * i, turn->done);
}

/* The same without the bridge; waits for the last turn alone. */
static void play_unordered(struct game *game)
{
    hsa_signal_t last = compute_signal(1);

    for (uint64_t i = 0; i < graphics_turns; i++)
        compute_turn(&game->compute, game->board, 2 * i,
                     i + 1 < graphics_turns ? (hsa_signal_t){0} : last);
    while (hsa_signal_wait_scacquire(last, HSA_SIGNAL_CONDITION_LT, 1, UINT64_MAX,
                                     HSA_WAIT_STATE_BLOCKED) != 0)
        ;
    HSA(hsa_signal_destroy(last));
}

static void play_ordered(struct game *game)
{
    for (uint64_t i = 0; i < graphics_turns; i++)
        turn_submit(game, i);
    for (int i = 0; i < SIGNALS; i++)
        turn_finish(&game->turns[i]);
}

static int report(struct game *game, uint64_t turns, double seconds)
{
    const struct board *board = game->graphics.board;
    struct rocweld_bridge_counters counters;
    double made;

    WELD(rocweld_bridge_counters_read(game->bridge, &counters));
    made = (double)(counters.to_graphics + counters.to_compute);
    printf("%llu to graphics, %llu to compute, %llu failed, %llu pending, word %llu, errors %llu\n",
           (unsigned long long)counters.to_graphics, (unsigned long long)counters.to_compute,
           (unsigned long long)counters.failed, (unsigned long long)counters.pending,
           (unsigned long long)board->word, (unsigned long long)board->errors);
    if (made > 0)
        printf("%.0f hand-overs a second, %.2f DRM calls and %.2f wake-ups each\n", made / seconds,
               (double)counters.drm_calls / made, (double)counters.wakeups / made);
    return board->errors != 0 || board->word != 2 * turns || counters.to_graphics != turns ||
           counters.to_compute != turns - 1;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct game game;
    const struct graphics_peer *peer;
    pthread_t thread;
    double start;
    int result;

    if (argc != 4) {
        fprintf(stderr, "usage: handover CODE_OBJECT PEER TURNS\n");
        return 2;
    }
    peer = graphics_peer_find(argv[2]);
    game_open(&game, argv[1]);
    graphics_turns = strtoull(argv[3], NULL, 10);
    start = now();
    if (pthread_create(&thread, NULL, peer->play, &game.graphics) != 0)
        return 2;
    if (peer->ordered)
        play_ordered(&game);
    else
        play_unordered(&game);
    pthread_join(thread, NULL);
    result = report(&game, graphics_turns, now() - start);
    for (int i = 0; i < SIGNALS; i++) {
        HSA(hsa_signal_destroy(game.turns[i].may));
        HSA(hsa_signal_destroy(game.turns[i].done));
    }
    rocweld_bridge_destroy(game.bridge);
    graphics_close(&game.graphics);
    compute_close(&game.compute);
    return result;
}
