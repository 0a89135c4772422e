/* SPDX-License-Identifier: MIT
 *
 * Descriptors of our own inside somebody else's program: out of the way of its numbers.
 */
#ifndef ROCWELD_BASE_PRIVATE_FD_H
#define ROCWELD_BASE_PRIVATE_FD_H

/* Moves `fd` to a high, close-on-exec number, so that the program's descriptors count up as they
 * would without us. Returns the new number and closes the old; `fd` itself, made close-on-exec,
 * when no high number is to be had; -1 for -1. Thread-safe. */
int private_fd_move(int fd);

#endif
