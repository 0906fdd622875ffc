// Each of the 2^32 float32 numbers through each activation, and through the functions that they are made of, against
// the contract of kernels/activation.h. What is right is the C library's double, which is good to 2^-52 or so.
#include "every_float.h"

#include <chrono>
#include <cstdint>
#include <cstdio>

#include "core/threads.h"
#include "isa/table.h"
#include "native.h"

namespace fastdnn::native {
namespace {

constexpr double kSeluScale = 1.0507009873554804934, kSeluAlpha = 1.6732632423543772848;
constexpr double kTiny = std::numeric_limits<float>::denorm_min();
constexpr double kRoundoff = 0x1p-24;
constexpr std::uint32_t kChunk = 1 << 16;  // numbers that a thread tries at a time

double logistic(double x) {
  const double e = std::exp(-std::abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
double normal(double x) {
  return std::erfc(-x * 0.70710678118654752440) / 2;
}
double density(double x) {
  return std::exp(-x * x / 2) * 0.39894228040143267794;
}
// gelu_tanh is x logistic(bent(x)).
double bent(double x) {
  return 1.5957691216057307118 * (x + 0.044715 * x * x * x);
}
// x p, where p wins over an infinite x.
double times(double x, double p) {
  return p == 0 ? std::copysign(p, x) : x * p;
}

struct Curve {
  const char* name;
  void (*run)(Matrix<float> y, Matrix<const float> x);
  double (*value)(double x);
  double (*slope)(double x, double y);
};

template <Activation kind>
void activation(Matrix<float> y, Matrix<const float> x) {
  kernels<float>().activation_forward[static_cast<int>(kind)](y, x, 1.0F);
}
template <Function kind>
void function(Matrix<float> y, Matrix<const float> x) {
  kernels<float>().function[static_cast<int>(kind)](y, x, 0.0F);
}

// relu and leaky_relu round as their formula: there is no error to look for.
const Curve kCurves[] = {
    {"exp", function<Function::exp>, [](double x) { return std::exp(x); },
     [](double, double y) { return y; }},
    {"expm1", function<Function::expm1>, [](double x) { return std::expm1(x); },
     [](double, double y) { return y + 1; }},
    {"log", function<Function::log>, [](double x) { return std::log(x); },
     [](double x, double) { return 1 / x; }},
    {"log1p", function<Function::log1p>, [](double x) { return std::log1p(x); },
     [](double x, double) { return 1 / (1 + x); }},
    {"erf", function<Function::erf>, [](double x) { return std::erf(x); },
     [](double x, double) { return std::exp(-x * x) * 1.12837916709551257390; }},
    {"elu", activation<Activation::elu>, [](double x) { return x < 0 ? std::expm1(x) : x; },
     [](double x, double y) { return x < 0 ? y + 1 : 1; }},
    {"selu", activation<Activation::selu>,
     [](double x) { return kSeluScale * (x < 0 ? kSeluAlpha * std::expm1(x) : x); },
     [](double x, double y) { return x < 0 ? y + kSeluScale * kSeluAlpha : kSeluScale; }},
    {"sigmoid", activation<Activation::sigmoid>, logistic,
     [](double x, double y) { return y * logistic(-x); }},
    {"tanh", activation<Activation::tanh>, [](double x) { return std::tanh(x); },
     [](double, double y) { return (1 - y) * (1 + y); }},
    {"softplus", activation<Activation::softplus>,
     [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); },
     [](double x, double) { return logistic(x); }},
    {"silu", activation<Activation::silu>, [](double x) { return times(x, logistic(x)); },
     [](double x, double) { return logistic(x) * (1 + times(x, logistic(-x))); }},
    {"gelu", activation<Activation::gelu>, [](double x) { return times(x, normal(x)); },
     [](double x, double) { return normal(x) + times(x, density(x)); }},
    {"gelu_tanh", activation<Activation::gelu_tanh>, [](double x) { return times(x, logistic(bent(x))); },
     [](double x, double) {
       const double s = logistic(bent(x));
       return s * (1 + times(x, logistic(-bent(x))) * 1.5957691216057307118 * (1 + 3 * 0.044715 * x * x));
     }},
};
constexpr std::size_t kCurveCount = sizeof kCurves / sizeof *kCurves;

float number(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

double ulp_of(float rounded) {
  const float size = std::abs(rounded);
  return static_cast<double>(std::nextafter(size, std::numeric_limits<float>::infinity())) -
         static_cast<double>(size);
}

// The largest errors of one function so far.
struct Worst {
  double ulps = 0;   // where |x f'(x) / f(x)| <= 4
  double ratio = 0;  // to what the contract allows; infinity where NaN, infinity or the sign of 0 is wrong
  float at_ulps = 0, at_ratio = 0;

  void take(const Worst& other) {
    if (other.ulps > ulps) ulps = other.ulps, at_ulps = other.at_ulps;
    if (other.ratio > ratio) ratio = other.ratio, at_ratio = other.at_ratio;
  }

  void look_at(const Curve& curve, float x, float y) {
    const double want = curve.value(x);
    const auto rounded = static_cast<float>(want);
    if (!std::isfinite(rounded) || !std::isfinite(y)) {
      if (!limits_agree(rounded, y)) wrong(x);
      return;
    }
    if (x == 0 && y == 0 && std::signbit(rounded) != std::signbit(y)) return wrong(x);
    const double ulp = ulp_of(rounded);
    const double error = std::abs(static_cast<double>(y) - want);
    // The contract never allows less than one ulp: what follows could change nothing.
    if (error / ulp <= std::min(ulps, ratio)) return;
    const double swing = std::abs(x * curve.slope(x, want));
    const bool well = swing <= 4 * std::abs(want);
    const double bound = well ? 2 * ulp : kRoundoff * (2 * std::abs(want) + swing) + kTiny;
    if (!(error / bound <= ratio)) ratio = error / bound, at_ratio = x;
    if (well && error / ulp > ulps) ulps = error / ulp, at_ulps = x;
  }

 private:
  void wrong(float x) {
    ratio = std::numeric_limits<double>::infinity();
    at_ratio = x;
  }

  // Near overflow the largest number and infinity are neighbours.
  static bool limits_agree(float rounded, float y) {
    constexpr float kMax = std::numeric_limits<float>::max();
    if (std::isnan(rounded) || std::isnan(y)) return std::isnan(rounded) && std::isnan(y);
    return rounded == y || (std::min(std::abs(rounded), std::abs(y)) == kMax && (rounded > 0) == (y > 0));
  }
};

// Numbers chunk, chunk + chunks, ...: each chunk has all exponents, and all chunks are all numbers.
void try_chunk(std::uint32_t chunk, std::uint32_t chunks, std::vector<Worst>& worst) {
  static thread_local std::vector<float> x(kChunk), y(kChunk);
  for (std::uint32_t i = 0; i < kChunk; ++i) x[i] = number(i * chunks + chunk);
  for (std::size_t c = 0; c < kCurveCount; ++c) {
    kCurves[c].run({y.data(), 1, kChunk, kChunk}, {x.data(), 1, kChunk, kChunk});
    for (std::uint32_t i = 0; i < kChunk; ++i) worst[c].look_at(kCurves[c], x[i], y[i]);
  }
}

}  // namespace

bool every_float(double seconds, std::uint32_t first) {
  constexpr std::uint32_t kChunks = (std::uint64_t{1} << 32) / kChunk;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  const int threads = machine_threads().count;
  std::vector<std::vector<Worst>> each(static_cast<std::size_t>(threads), std::vector<Worst>(kCurveCount));
  std::atomic<std::uint32_t> next{0};
  std::atomic<std::uint32_t> done{0};
  run_team(threads, [&](Team& team) {
    std::vector<Worst>& own = each[static_cast<std::size_t>(team.rank())];
    for (std::uint32_t turn = next++; turn < kChunks; turn = next++) {
      if (std::chrono::steady_clock::now() > end && done > 0) break;
      try_chunk((first + turn * 25'601U) % kChunks, kChunks,
                own);  // odd: each chunk once, far from the one before
      ++done;
    }
  });
  std::printf("unit %s: %.1f %% of all inputs\n", kernel_table().unit, 100.0 * done / kChunks);
  bool good = true;
  for (std::size_t c = 0; c < kCurveCount; ++c) {
    Worst worst;
    for (const std::vector<Worst>& own : each) worst.take(own[c]);
    std::printf("%-10s worst %.3f ulp at %.9g, %.3f of what is allowed at %.9g\n", kCurves[c].name,
                worst.ulps, static_cast<double>(worst.at_ulps), worst.ratio,
                static_cast<double>(worst.at_ratio));
    // An oracle that shares the kernels' error would find none at all.
    good = good && worst.ratio <= 1 && worst.ulps > 0.3;
  }
  return good;
}

}  // namespace fastdnn::native
