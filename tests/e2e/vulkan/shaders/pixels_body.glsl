/* SPDX-License-Identifier: MIT
 *
 * A fragment shader that notes what it sees in the record `slot` of its pixel.
 */
layout(location = 1) noperspective in vec2 linear;
layout(location = 2) centroid in vec2 center;
layout(location = 3) flat in uint number;
void note(uint slot)
{
    uint i = (uint(gl_FragCoord.y) * 64 + uint(gl_FragCoord.x)) * 8 + slot;
    vec2 gradient = vec2(dFdx(linear.x), dFdy(linear.x));
    if (gl_HelperInvocation) /* LLVM, up to 19 at least, lets them store by address */
        return;
    atomicAdd(records.at[i].count, 1);
    atomicOr(records.at[i].mask, uint(gl_SampleMaskIn[0]));
    records.at[i].front = gl_FrontFacing ? 1 : 2;
    records.at[i].number = number;
    records.at[i].coord = gl_FragCoord;
    records.at[i].value = value;
    records.at[i].linear = linear;
    records.at[i].center = center;
    records.at[i].gradient = gradient;
    records.at[i].point = gl_PointCoord;
}
