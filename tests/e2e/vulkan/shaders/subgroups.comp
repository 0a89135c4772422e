#version 450
/* SPDX-License-Identifier: MIT
 * Every kind of subgroup operation; each invocation writes all of its results. */
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_shuffle_relative : require
#extension GL_KHR_shader_subgroup_vote : require
#extension GL_KHR_shader_subgroup_clustered : require
#extension GL_KHR_shader_subgroup_quad : require

layout(local_size_x = 128) in;
layout(binding = 0) readonly buffer In { uint data[]; } source;
layout(binding = 1) writeonly buffer Out { uint data[]; } result;

const uint RESULTS = 32;
uint at = 0;

void put(uint value)
{
    result.data[gl_GlobalInvocationID.x * RESULTS + at++] = value;
}

void main()
{
    uint value = source.data[gl_GlobalInvocationID.x];
    uint lane = gl_SubgroupInvocationID;
    uvec4 ballot = subgroupBallot((value & 1) != 0);

    put(gl_SubgroupSize);
    put(lane);
    put(gl_SubgroupID);
    put(ballot.x);
    put(ballot.y);
    put(subgroupBallotBitCount(ballot));
    put(subgroupBallotExclusiveBitCount(ballot));
    put(subgroupAdd(value));
    put(subgroupInclusiveAdd(value));
    put(subgroupExclusiveAdd(value));
    put(subgroupMin(value));
    put(subgroupMax(value));
    put(subgroupExclusiveMax(value));
    put(subgroupAnd(value | 0xff));
    put(subgroupOr(value & 0xff00));
    put(subgroupXor(value));
    put(subgroupMul(value | 1));
    put(subgroupShuffle(value, lane ^ 21));
    put(subgroupShuffleXor(value, 5));
    put(subgroupShuffleUp(value, 3));
    put(subgroupShuffleDown(value, 7));
    put(subgroupBroadcast(value, 9));
    put(subgroupBroadcastFirst(value));
    put(subgroupElect() ? 1 : 0);
    put(subgroupAll(value > 3) ? 1 : 0);
    put(subgroupAny(value < 0x1000000) ? 1 : 0);
    put(subgroupAllEqual(value >> 31) ? 1 : 0);
    put(subgroupClusteredAdd(value, 8));
    put(subgroupClusteredXor(value, 16));
    put(subgroupQuadBroadcast(value, 2));
    put(subgroupQuadSwapHorizontal(value));
    put(subgroupQuadSwapDiagonal(value));
}
