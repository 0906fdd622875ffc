// The square of a vector's norm, for clipping by the global norm.
//
// Computes   sum of x[i]^2 over i < n, the return value in every thread
// Shapes     partial (kSquareParts,) · x (n,)
// Requires   partial does not overlap x, is the same memory for all threads, and stays as it is until the
// last
//            of them has returned
// Shares     parts of x, cut by n alone; one barrier inside; each thread adds up the parts
// Numerics   squares and sums in double, 32 interleaved sums in each part, then a tree over the parts: the
// same
//            bits for any number of threads, on every unit. A float's square cannot overflow. NaN and
//            infinity pass as NumPy has them
#pragma once

#include "core/team.h"

namespace fastdnn {

constexpr Index kSquareParts = 128;

template <class T>
double sum_of_squares(Team& team, double* partial, const T* x, Index n);

// What the gradient is multiplied with, so that its norm is `limit` where it was more: UpdateOptions'
// gradient_scale. NaN for NaN; 0 for infinity, by which an infinite element becomes NaN, and so shows.
double clip_scale(double sum_of_squares, double limit);

}  // namespace fastdnn
