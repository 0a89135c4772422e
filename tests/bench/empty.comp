// SPDX-License-Identifier: MIT
// Does nothing: what is left is what a dispatch costs.
#version 450
layout(local_size_x = 64) in;
void main() {}
