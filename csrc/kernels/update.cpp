#include "kernels/update.h"

#include <cmath>

namespace fastdnn {
namespace {

// x^n by squaring: the same bits with every C library, which pow does not promise.
double integer_power(double x, std::int64_t n) {
  double result = 1;
  for (; n > 0; n /= 2, x *= x) {
    if (n % 2 == 1) result *= x;
  }
  return result;
}

}  // namespace

AdamStep adam_step(double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t) {
  const double correction = std::sqrt(1 - integer_power(beta_2, t));
  return {learning_rate * correction / (1 - integer_power(beta_1, t)), beta_1, beta_2, epsilon * correction};
}

}  // namespace fastdnn
