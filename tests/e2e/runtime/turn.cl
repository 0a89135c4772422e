/* SPDX-License-Identifier: MIT
 * Compute's turn: the word must be `expected`, else it counts as an error; then it is one more.
 * One work item. */

struct board {
    ulong word, errors;
};

kernel void turn(global struct board *board, ulong expected)
{
    if (board->word != expected)
        board->errors++;
    board->word = expected + 1;
}
