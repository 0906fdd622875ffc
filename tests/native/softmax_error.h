// The softmax of a row in double, and what a kernel may be off by; derived in tests/comparator.py.
#pragma once

#include "native.h"

namespace fastdnn::native {

template <class T>
class SoftmaxRow {
 public:
  double max;
  double sum = 0;
  double of_sum = 0;  // the relative error of the sum

  SoftmaxRow(const T* z, Index n) : max(static_cast<double>(z[0])), z_(z) {
    for (Index j = 0; j < n; ++j) max = std::max(max, static_cast<double>(z[j]));
    double errors = 0;
    for (Index j = 0; j < n; ++j) {
      const double e = std::exp(static_cast<double>(z[j]) - max);
      sum += e;
      errors += e * of_exp(j);
    }
    of_sum = errors / sum + (static_cast<double>(n) / 8 + 8) * roundoff<T>();
  }
  double value(Index j) const { return std::exp(static_cast<double>(z_[j]) - max) / sum; }
  // The relative error of exp(z_j - max): the rounding of the difference, and 2 ulp.
  double of_exp(Index j) const { return (max - static_cast<double>(z_[j]) + 4) * roundoff<T>(); }
  // The relative error of a value.
  double of_value(Index j) const { return 1.01 * (of_exp(j) + of_sum + roundoff<T>()); }
  // The absolute error of log(sum) + max: log has 2 ulp of its own.
  double of_log() const {
    const double log_sum = std::log(sum);
    return of_sum + roundoff<T>() * (4 * std::abs(log_sum) + std::abs(log_sum + max));
  }

 private:
  const T* z_;
};

}  // namespace fastdnn::native
