// The activations y = f(x) that are one function of one number, with at most one parameter alpha.
#pragma once

#include <cstdint>

namespace fastdnn {

enum class Activation : std::uint8_t {
  relu,        // 0 where x < 0, else x
  leaky_relu,  // alpha x where x < 0, else x; alpha >= 0
  elu,         // alpha (exp(x) - 1) where x < 0, else x; alpha >= 0
  selu,        // lambda elu(x, 1.673...) with lambda = 1.0507...
  sigmoid,     // 1 / (1 + exp(-x))
  tanh,
  softplus,   // log(1 + exp(x))
  silu,       // x sigmoid(x)
  gelu,       // x Phi(x), Phi the normal distribution function
  gelu_tanh,  // x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
};
constexpr int kActivations = 10;

// Functions of one number that the tests call by themselves.
enum class Function : std::uint8_t { exp, expm1, log, log1p, erf };
constexpr int kFunctions = 5;

}  // namespace fastdnn
