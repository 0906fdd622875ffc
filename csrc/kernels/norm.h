// Norms of a range of the flat vectors: for clipping by the global norm, and for monitoring.
//
// Computes   sum_of_squares  sum x^2
//            l1_norm         sum |x|
//            l2_norm         sqrt(sum x^2), also where the squares of float64 overflow or underflow
//            max_abs         max |x|, 0 of nothing
// Shapes     x (n,) · partials (partial_sums(n),), one for each chunk
// Requires   all threads of the team call; each gets the result. Partials may be written again, by another
//            call, after the next barrier only
// Shares     whole chunks of 4096 elements; the chunks' results are combined in a tree, fixed by n
// Numerics   float64, also of float32; in 16 virtual lanes within a chunk: the same bits in every unit, for
//            any number of threads and any alignment. The relative error of a sum of float32 is at most
//            (4096 / 16 + 4 + 8 + log2(n / 4096)) 2^-53, one more for the square of a float64. sum_of_squares
//            of float64 overflows beyond 1e154. NaN anywhere gives NaN, else an infinity infinity
#pragma once

#include "core/team.h"

namespace fastdnn {

// A chunk of float64 is half of a first-level cache: small against a vector that is worth sharing.
constexpr Index kNormChunk = 4096;

constexpr Index partial_sums(Index n) {
  return (n + kNormChunk - 1) / kNormChunk;
}

// The sum of x (n,) in a fixed tree.
double tree_sum(const double* x, Index n);

template <class T>
double sum_of_squares(Team& team, double* partials, const T* x, Index n);

template <class T>
double l1_norm(Team& team, double* partials, const T* x, Index n);

template <class T>
double l2_norm(Team& team, double* partials, const T* x, Index n);

template <class T>
double max_abs(Team& team, double* partials, const T* x, Index n);

}  // namespace fastdnn
