// The serial part of gaussian_noise.
#pragma once

#include "isa/math_log.h"
#include "isa/math_trigonometric.h"
#include "kernels/random_words-inl.h"

namespace fastdnn {
namespace {

// Columns that 16 blocks serve: two normal deviates of two words.
constexpr Index kNoiseCols = kRandomWords;

// Integers of 32 bits as floating-point numbers; float rounds them.
template <class V>
FASTDNN_INLINE typename V::Vec number_of(typename V::Int n) {
  if constexpr (sizeof(typename V::Scalar) == 4) {
    return __builtin_convertvector(n, typename V::Vec);
  } else {
    return whole<V>(n);  // few processors convert integers of 64 bits
  }
}

// sqrt(-2 ln u), u = (word + 1/2) / 2^32. Words are read as signed; where the sign is set u is 1 - v, else v,
// with v below 1/2 and rounded relative to itself, so that ln u keeps its precision near 0.
template <class V>
FASTDNN_INLINE typename V::Vec noise_radius(typename V::Int word) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  using T = typename V::Scalar;
  using L = Layout<T>;
  const Int upper = word < 0;  // -1 where true
  const Vec half = broadcast<V>(static_cast<T>(0.5));
  const Vec v = (number_of<V>(word ^ upper) + half) * static_cast<T>(0x1p-32);
  // ln v = log(1 + m) + e ln 2; ln(1 - v) likewise, halved beyond 1 - sqrt(1/2), where 1 - 2 v is exact
  const Int e = log_exponent<V>(v);
  const Vec m = reinterpret_cast<Vec>(reinterpret_cast<Int>(v) - (e << L::kMantissaBits)) - 1;
  const Int halved = v > broadcast<V>(static_cast<T>(0.29289321881345248));
  const Vec near = halved ? 1 - 2 * v : -v;
  const Vec log = log_from<V>(upper ? near : m, whole<V>(upper ? halved : e));
  return V::sqrt(-2 * log);
}

// cos and sin of 2 pi (word + 1/2) / 2^32: a whole number of quarter turns and an eighth at most.
template <class V>
FASTDNN_INLINE void noise_direction(typename V::Int word, typename V::Vec& cosine, typename V::Vec& sine) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  using T = typename V::Scalar;
  const Int quarters = (word + (1 << 29)) >> 30;  // of float: wraps from 2 to -2, which is the same turn
  const Vec rest = number_of<V>(word - (quarters << 30)) + static_cast<T>(0.5);
  const Vec x = rest * static_cast<T>(1.4629180792671596e-9);  // 2 pi / 2^32
  const Vec c = cos_eighth<V>(x);
  const Vec s = sin_eighth<V>(x);
  const Int odd = (quarters & 1) != 0;
  const Int sign_of_cosine = ((quarters + 1) & 2) != 0;
  const Int sign_of_sine = (quarters & 2) != 0;
  const Vec along = odd ? s : c;
  const Vec across = odd ? c : s;
  cosine = sign_of_cosine ? -along : along;
  sine = sign_of_sine ? -across : across;
}

// normal[32 p + b] and normal[32 p + 16 + b] from the words 2 p and 2 p + 1 of block b.
template <class V>
FASTDNN_INLINE void noise_pairs(typename V::Scalar* normal, const std::uint32_t* words) {
  for (int b = 0; b < kRandomBlocks; b += V::kLanes) {
    typename V::Vec cosine, sine;
    const typename V::Vec radius = noise_radius<V>(word_lanes<V>(words + b));
    noise_direction<V>(word_lanes<V>(words + kRandomBlocks + b), cosine, sine);
    V::store(normal + b, radius * cosine);
    V::store(normal + kRandomBlocks + b, radius * sine);
  }
}

template <class V>
void gaussian_noise(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x,
                    const GaussianNoise& noise) {
  using T = typename V::Scalar;
  const PhiloxKeys keys(noise.key.seed);
  const auto stddev = broadcast<V>(static_cast<T>(noise.stddev));
  alignas(64) std::uint32_t words[kRandomWords] = {};
  alignas(64) T normal[kNoiseCols] = {};
  for (Index r = 0; r < y.rows; ++r) {
    for (Index begin = 0; begin < y.cols; begin += kNoiseCols) {
      const Index cols = y.cols - begin < kNoiseCols ? y.cols - begin : kNoiseCols;
      random_words<V>(words, begin / kNoiseCols * kRandomBlocks, noise.first_row + r, noise.key, keys);
      noise_pairs<V>(normal, words);
      if (cols > kNoiseCols / 2) noise_pairs<V>(normal + kNoiseCols / 2, words + kRandomWords / 2);
      const T* from = x.row(r) + begin;
      T* to = y.row(r) + begin;
      for_vectors<V>(cols, [&](Index j, auto cover) {
        cover.store(to + j, V::fma(stddev, cover.load(normal + j), cover.load(from + j)));
      });
    }
  }
}

}  // namespace
}  // namespace fastdnn
