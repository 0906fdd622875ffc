#include "engine/gradient_norms.h"

#include <algorithm>
#include <cmath>

#include "isa/table.h"
#include "kernels/norm.h"

namespace fastdnn {

GradientNorms::GradientNorms(const FlatVector& theta) : theta_(theta) {
  Index chunks = 0;
  for (const Segment& segment : theta.segments()) {
    first_.push_back(chunks);
    chunks += partial_sums(segment.size);
  }
  partials_ = AlignedBuffer(chunks * size_of(Dtype::f64));
}

double* GradientNorms::partials(int segment) const {
  return reinterpret_cast<double*>(partials_.data()) + first_[static_cast<std::size_t>(segment)];
}

template <class T>
void GradientNorms::measure(Team& team, const T* gradient, const std::vector<int>& segments) {
  const auto segment_of = [&](int k) -> const Segment& {
    return theta_.segments()[static_cast<std::size_t>(k)];
  };
  Index all = 0;
  for (const int k : segments) all += partial_sums(segment_of(k).size);
  const Range mine = team.share(all);
  Index at = 0;  // the segment's first chunk among all
  for (const int k : segments) {
    const Segment& segment = segment_of(k);
    const Index end = std::min(mine.end - at, partial_sums(segment.size));
    for (Index c = std::max<Index>(0, mine.begin - at); c < end; ++c) {
      const Index size = std::min(kChunk, segment.size - c * kChunk);
      partials(k)[c] = kernels<T>().sum_of_scaled_squares(gradient + segment.offset + c * kChunk, size, 1);
    }
    at += partial_sums(segment.size);
  }
  team.barrier();
}

template <class T>
double GradientNorms::norm(Team& team, const T* gradient, int segment) const {
  const Segment& s = theta_.segments()[static_cast<std::size_t>(segment)];
  const double sum = tree_sum(partials(segment), partial_sums(s.size));
  // As in l2_norm; the squares of float32 stay in float64's range.
  const bool in_range = sum >= 0x1p-900 && std::isfinite(sum);
  if (std::isnan(sum) || in_range || sizeof(T) < sizeof(double)) return std::sqrt(sum);
  team.barrier();  // until all have read the partials
  return l2_norm(team, partials(segment), gradient + s.offset, s.size);
}

template <class T>
double GradientNorms::global_norm(Team& team, const T* gradient, const std::vector<int>& segments) const {
  double norm = 0;
  for (const int k : segments) {
    // sqrt(a^2 + b^2) of the larger times sqrt(1 + ratio^2): no square leaves the range.
    const double one = this->norm(team, gradient, k);
    const double larger = std::max(norm, one), smaller = std::min(norm, one);
    if (std::isnan(norm + one)) {
      norm += one;
    } else if (larger > 0 && std::isfinite(larger)) {
      const double ratio = smaller / larger;
      norm = larger * std::sqrt(1 + ratio * ratio);
    } else {
      norm = larger;
    }
  }
  return norm;
}

template void GradientNorms::measure(Team&, const float*, const std::vector<int>&);
template void GradientNorms::measure(Team&, const double*, const std::vector<int>&);
template double GradientNorms::norm(Team&, const float*, int) const;
template double GradientNorms::norm(Team&, const double*, int) const;
template double GradientNorms::global_norm(Team&, const float*, const std::vector<int>&) const;
template double GradientNorms::global_norm(Team&, const double*, const std::vector<int>&) const;

}  // namespace fastdnn
