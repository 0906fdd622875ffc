#include "kernels/accuracy.h"

namespace fastdnn {
namespace {

// -1 where all are NaN.
template <class T>
Index argmax(const T* x, Index n) {
  Index best = -1;
  for (Index j = 0; j < n; ++j) {
    if (x[j] == x[j] && (best < 0 || x[j] > x[best])) best = j;
  }
  return best;
}

}  // namespace

template <class T>
void sparse_accuracy(Team& team, T* row_correct, Matrix<const T> z, const std::int32_t* labels) {
  const Range rows = team.share(z.rows);
  for (Index r = rows.begin; r < rows.end; ++r) row_correct[r] = argmax(z.row(r), z.cols) == labels[r];
}

template <class T>
void categorical_accuracy(Team& team, T* row_correct, Matrix<const T> z, Matrix<const T> target) {
  const Range rows = team.share(z.rows);
  for (Index r = rows.begin; r < rows.end; ++r) {
    const Index best = argmax(z.row(r), z.cols);
    row_correct[r] = best >= 0 && best == argmax(target.row(r), target.cols);
  }
}

template void sparse_accuracy(Team&, float*, Matrix<const float>, const std::int32_t*);
template void sparse_accuracy(Team&, double*, Matrix<const double>, const std::int32_t*);
template void categorical_accuracy(Team&, float*, Matrix<const float>, Matrix<const float>);
template void categorical_accuracy(Team&, double*, Matrix<const double>, Matrix<const double>);

}  // namespace fastdnn
