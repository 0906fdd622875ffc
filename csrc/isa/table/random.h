// The serial kernels that draw random numbers. See kernels/dropout.h, gaussian_noise.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// Which random numbers: those of Philox with this key, see core/philox.h.
struct RandomKey {
  std::uint64_t seed;
  std::uint32_t stream, step;
};

// What becomes of an element, see kernels/dropout.h.
struct DropoutMask {
  RandomKey key;
  Index first_row;         // row 0 of the arrays in the whole batch
  std::int32_t threshold;  // of 65536: an element is dropped if its 16 bits are below
};

// What is added to the elements, see kernels/gaussian_noise.h.
struct GaussianNoise {
  RandomKey key;
  Index first_row;  // row 0 of the arrays in the whole batch
  double stddev;
};

template <class T>
struct RandomKernels {
  void (*dropout)(Matrix<T> y, Matrix<const T> x, const DropoutMask& mask, bool accumulate);
  void (*gaussian_noise)(Matrix<T> y, Matrix<const T> x, const GaussianNoise& noise);
};

}  // namespace fastdnn
