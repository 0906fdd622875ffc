// What regularisers add to the loss, and its gradient.
//
// Computes   penalty   l1 sum |w| + l2 sum w^2 + lq sum |w|^q, q >= 1
//            gradient  gradient + l1 sign(w) + 2 l2 w + lq q |w|^(q-1) sign(w), with sign(0) = 0
// Shapes     w, gradient (n,) · partials (partial_sums(n),)
// Requires   all threads of the team call; each gets the penalty. gradient may be null, then only the penalty
//            is computed; it does not overlap w. Partials as in norm.h
// Shares     whole chunks, see chunks.h
// Numerics   float64, also of float32; a gradient is rounded to its type once. q = 1 and q = 2 are computed
//            as l1 and l2. Else |w|^(q-1) is exp((q-1) log|w|), below (4 (q-1) |log|w|| + 4) 2^-53 off, and
//            the same bits in the units with fused multiply-add; all else has the same bits in every unit.
//            A term whose factor is 0 is left out; NaN in w makes the penalty, and its own gradient, NaN
#pragma once

#include "isa/table/data.h"
#include "kernels/chunks.h"

namespace fastdnn {

template <class T>
double penalty(Team& team, double* partials, T* gradient, const T* w, Index n, const Penalty& terms);

}  // namespace fastdnn
