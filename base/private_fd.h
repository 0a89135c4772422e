/* SPDX-License-Identifier: MIT
 *
 * Descriptors of our own inside somebody else's program: out of the way of its numbers.
 */
#ifndef ROCWELD_BASE_PRIVATE_FD_H
#define ROCWELD_BASE_PRIVATE_FD_H

#include "base/status.h"

/* Moves `fd` to a high, close-on-exec number, so that the program's descriptors count up as they
 * would without us. Returns the new number and closes the old; `fd` itself, made close-on-exec,
 * when no high number is to be had; -1 for -1. Thread-safe. */
int private_fd_move(int fd);

/* Fails with `err`, of a call that was to make the descriptor of `what`; the message says what to
 * do when the process may have no more (EMFILE). */
rw_status private_fd_fail(int err, const char *what) RW_MUST_USE;

#endif
