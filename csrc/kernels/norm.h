// Norms of a range of the flat vectors: for clipping by the global norm, and for monitoring.
//
// Computes   l1_norm  sum |x|
//            l2_norm  sqrt(sum x^2), also where the squares of float64 overflow or underflow
//            max_abs  max |x|, 0 of nothing
// Shapes     x (n,) · partials (partial_sums(n),)
// Requires   all threads of the team call; each gets the result. Partials may be written again,
//            by another call, after the next barrier only
// Shares     whole chunks, see chunks.h
// Numerics   float64, also of float32; in 32 virtual lanes within a chunk: the same bits in every unit, for
//            any number of threads and any alignment. The relative error of a sum is at most
//            (4096 / 32 + 5 + 8 + log2(n / 4096)) 2^-53, one more for squares of float64; the root halves it
//            and rounds once. NaN anywhere gives NaN, else an infinity infinity
#pragma once

#include "kernels/chunks.h"

namespace fastdnn {

template <class T>
double l1_norm(Team& team, double* partials, const T* x, Index n);

template <class T>
double l2_norm(Team& team, double* partials, const T* x, Index n);

template <class T>
double max_abs(Team& team, double* partials, const T* x, Index n);

// What the gradient is multiplied with so that its norm, where it was more than `limit`, becomes that:
// UpdateOptions' gradient_scale. NaN for NaN; 0 for infinity,
// by which an infinite element becomes NaN, and so shows.
double clip_scale(double norm, double limit);

}  // namespace fastdnn
