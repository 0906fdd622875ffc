// Inverted dropout, and its gradient: the same operation with the same mask.
//
// Computes   y = x / keep_prob where an element is kept, 0 where it is dropped
//            dropout_backward: dx from dy alike, or dx + that
//            threshold = floor(65536 rate + 1/2), at most 65535; keep_prob = 1 - threshold / 65536: the rate
//            is rounded to what 16 bits can do, so that the expectation of y is x and not nearly x
// Mask       an element is dropped if its 16 random bits are below the threshold. They are a function of
//            (seed, stream, step, row of the whole batch, column) alone, and so need not be stored: column j
//            takes of block (row << 32) + j / 128 * 16 + j % 16 of random_block (core/philox.h) the word
//            j / 16 % 4, its low half where j % 128 < 64, else its high half. So 16 blocks side by side give
//            128 columns without a shuffle
// Shapes     y, x, dx, dy (rows, cols), rows and columns below 2^32
// Requires   0 <= rate < 1; outputs may be the inputs themselves, not overlap them otherwise
// Shares     rows, the same for the same number of rows
// Numerics   one multiplication by 1 / keep_prob, which is rounded; rate 0 is the identity. The mask is the
//            same in both types and in every unit.
//            What is dropped is +0, also NaN and infinity; kept, they stay
#pragma once

#include "core/team.h"
#include "isa/table/random.h"

namespace fastdnn {

// threshold of a rate, 0 <= rate < 1.
std::int32_t dropout_threshold(double rate);

template <class T>
void dropout_forward(Team& team, Matrix<T> y, Matrix<const T> x, const DropoutMask& mask);

template <class T>
void dropout_backward(Team& team, Matrix<T> dx, Matrix<const T> dy, const DropoutMask& mask, bool accumulate);

}  // namespace fastdnn
