// Normal deviates added to what passes; the gradient is pass_gradient's.
//
// Computes   y = x + stddev z, z of the standard normal distribution
// Numbers    z is a function of (seed, stream, step, row of the whole batch, column) alone: Box & Muller, "A
//            note on the generation of random normal deviates", 1958, which makes two of two random words.
//            Columns j with the same j / 64 and j % 16 share block (row << 32) + j / 64 * 16 + j % 16 of
//            random_block (core/philox.h): the words 0 and 1, r and a, where j % 64 < 32, else 2 and 3.
//              u = (r + 1/2) / 2^32, phi = 2 pi (a + 1/2) / 2^32, r unsigned and a signed
//              z = sqrt(-2 ln u) cos phi where j % 32 < 16, else sqrt(-2 ln u) sin phi
//            So |z| is at most 6.77, which a normal deviate exceeds once in 8e10 draws
// Shapes     y, x (rows, cols), rows and columns below 2^32
// Requires   0 <= stddev < 1e30; y may be x itself, not overlap it otherwise
// Shares     rows, the same for the same number of rows
// Numerics   z is good to 12 roundings (|error| <= 12 u |z|) in both types, of the same words: u and phi keep
//            their relative precision near 0 and 1 and near the axes. y: one more of y and two of stddev z.
//            NaN and infinities of x pass. The bits differ between units as far as these roundings
#pragma once

#include "core/team.h"
#include "isa/table/random.h"

namespace fastdnn {

constexpr double kMostStddev = 1e30;  // a float holds it, and what it is multiplied by

template <class T>
void gaussian_noise(Team& team, Matrix<T> y, Matrix<const T> x, const GaussianNoise& noise);

}  // namespace fastdnn
