/* SPDX-License-Identifier: MIT */
/* A library without code still needs a file. */
typedef int door_empty;
