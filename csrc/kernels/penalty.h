// What regularisers add to the loss, and its gradient.
//
// Computes   penalty           l1 sum |w| + l2 sum w^2 + lq sum |w|^q, q >= 1
//                              gradient + l1 sign(w) + 2 l2 w + lq q |w|^(q-1) sign(w), with sign(0) = 0
//            penalty_partials  the same but for the last sum, tree_sum(partials, partial_sums(n)); it adds to
//                              the gradient or, without `accumulate`, writes it
// Shapes     w, gradient (n,) · partials (partial_sums(n),)
// Requires   all threads of the team call; of penalty each gets the result. gradient may be null, then only the
//            penalty is computed; it does not overlap w. Partials as in norm.h; of penalty_partials they are
//            whole after the next barrier
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

template <class T>
void penalty_partials(Team& team, double* partials, T* gradient, const T* w, Index n, const Penalty& terms,
                      bool accumulate);

}  // namespace fastdnn
