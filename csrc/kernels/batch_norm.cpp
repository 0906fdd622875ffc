#include "kernels/batch_norm.h"

#include <algorithm>
#include <limits>

#include "isa/table.h"

namespace fastdnn {
namespace {

template <class T>
constexpr Index kGrain = 64 / static_cast<Index>(sizeof(T));

template <class T>
Range share_columns(const Team& team, Index cols) {
  return team.share(cols, kGrain<T>);
}

template <class T>
Matrix<T> block(Matrix<T> x, Range rows, Range cols) {
  if (x.data == nullptr) return x;
  return {x.row(rows.begin) + cols.begin, rows.size(), cols.size(), x.stride};
}

template <class T>
Matrix<T> optional_rows(Matrix<T> x, Range rows) {
  return x.data == nullptr ? x : rows_of(x, rows);
}

template <class T>
const T* from(const T* vector, Index first) {
  return vector == nullptr ? nullptr : vector + first;
}

// Calls body(chunk, its rows, columns) for this thread's part of the grid of chunks and groups of columns:
// short batches are shared, too.
template <class T, class Body>
void share_chunks(const Team& team, Index rows, Index cols, const Body& body) {
  const Index chunks = batch_norm_partial_rows(rows) / 2;
  const Index groups = (cols + kGrain<T> - 1) / kGrain<T>;
  const Range mine = team.share(chunks * groups);
  for (Index cell = mine.begin; cell < mine.end;) {
    const Index chunk = cell / groups;
    const Index first = cell % groups;
    const Index last = std::min(groups, first + mine.end - cell);
    body(chunk, Range{chunk * kBatchNormChunk, std::min(rows, (chunk + 1) * kBatchNormChunk)},
         Range{first * kGrain<T>, std::min(cols, last * kGrain<T>)});
    cell += last - first;
  }
}

template <class T>
T floor_of(bool relu) {
  return relu ? T{0} : -std::numeric_limits<T>::infinity();
}

}  // namespace

template <class T>
void batch_norm_partials(Team& team, Matrix<T> partial, Matrix<const T> x) {
  share_chunks<T>(team, x.rows, x.cols, [&](Index chunk, Range rows, Range cols) {
    kernels<T>().batch_norm_partials(block(partial, {2 * chunk, 2 * chunk + 2}, cols), block(x, rows, cols),
                                     x.data + cols.begin);
  });
}

template <class T>
void batch_norm_moments(Team& team, T* mean, T* variance, T* rstd, Matrix<T> partial, Matrix<const T> x,
                        T epsilon) {
  const Range cols = share_columns<T>(team, x.cols);
  if (cols.empty()) return;
  kernels<T>().batch_norm_moments(mean + cols.begin, variance + cols.begin, rstd + cols.begin,
                                  block(partial, {0, partial.rows}, cols), x.data + cols.begin, x.rows,
                                  epsilon);
}

template <class T>
void batch_norm_running(Team& team, T* running_mean, T* running_variance, const T* mean, const T* variance,
                        Index cols, double momentum) {
  const Range mine = share_columns<T>(team, cols);
  kernels<T>().batch_norm_running(running_mean + mine.begin, running_variance + mine.begin, mean + mine.begin,
                                  variance + mine.begin, mine.size(), momentum);
}

template <class T>
void batch_norm_forward(Team& team, Matrix<T> y, Matrix<const T> x, const T* mean, const T* rstd,
                        const T* gamma, const T* beta, bool relu) {
  const Range rows = team.share(y.rows);
  kernels<T>().batch_norm_forward(rows_of(y, rows), rows_of(x, rows), mean, rstd, gamma, beta,
                                  floor_of<T>(relu));
}

template <class T>
void batch_norm_fold(Team& team, T* scale, T* shift, const T* gamma, const T* beta, const T* running_mean,
                     const T* running_variance, Index cols, T epsilon) {
  const Range mine = share_columns<T>(team, cols);
  kernels<T>().batch_norm_fold(scale + mine.begin, shift + mine.begin, from(gamma, mine.begin),
                               from(beta, mine.begin), running_mean + mine.begin,
                               running_variance + mine.begin, mine.size(), epsilon);
}

template <class T>
void batch_norm_inference(Team& team, Matrix<T> y, Matrix<const T> x, const T* scale, const T* shift,
                          bool relu) {
  const Range rows = team.share(y.rows);
  kernels<T>().batch_norm_inference(rows_of(y, rows), rows_of(x, rows), scale, shift, floor_of<T>(relu));
}

template <class T>
void batch_norm_inference_backward(Team& team, Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy,
                                   const T* scale, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().batch_norm_inference_backward(rows_of(dx, rows), optional_rows(y, rows), rows_of(dy, rows),
                                             scale, accumulate);
}

template <class T>
void batch_norm_backward_partials(Team& team, Matrix<T> partial, Matrix<const T> y, Matrix<const T> dy,
                                  Matrix<const T> x, const T* mean) {
  share_chunks<T>(team, x.rows, x.cols, [&](Index chunk, Range rows, Range cols) {
    kernels<T>().batch_norm_backward_partials(block(partial, {2 * chunk, 2 * chunk + 2}, cols),
                                              block(y, rows, cols), block(dy, rows, cols),
                                              block(x, rows, cols), mean + cols.begin);
  });
}

template <class T>
void batch_norm_backward_sums(Team& team, T* dgamma, T* dbeta, Matrix<T> partial, const T* rstd) {
  const Range cols = share_columns<T>(team, partial.cols);
  if (cols.empty()) return;
  kernels<T>().batch_norm_backward_sums(dgamma + cols.begin, dbeta + cols.begin,
                                        block(partial, {0, partial.rows}, cols), rstd + cols.begin);
}

template <class T>
void batch_norm_backward(Team& team, const BatchNormGradient<T>& gradient) {
  const Range rows = team.share(gradient.dx.rows);
  BatchNormGradient<T> mine = gradient;
  mine.dx = rows_of(gradient.dx, rows);
  mine.y = optional_rows(gradient.y, rows);
  mine.dy = rows_of(gradient.dy, rows);
  mine.x = rows_of(gradient.x, rows);
  kernels<T>().batch_norm_backward(mine, gradient.dx.rows);
}

#define FASTDNN_INSTANTIATE(T)                                                                              \
  template void batch_norm_partials(Team&, Matrix<T>, Matrix<const T>);                                     \
  template void batch_norm_moments(Team&, T*, T*, T*, Matrix<T>, Matrix<const T>, T);                       \
  template void batch_norm_running(Team&, T*, T*, const T*, const T*, Index, double);                       \
  template void batch_norm_forward(Team&, Matrix<T>, Matrix<const T>, const T*, const T*, const T*,         \
                                   const T*, bool);                                                         \
  template void batch_norm_fold(Team&, T*, T*, const T*, const T*, const T*, const T*, Index, T);           \
  template void batch_norm_inference(Team&, Matrix<T>, Matrix<const T>, const T*, const T*, bool);          \
  template void batch_norm_inference_backward(Team&, Matrix<T>, Matrix<const T>, Matrix<const T>, const T*, \
                                              bool);                                                        \
  template void batch_norm_backward_partials(Team&, Matrix<T>, Matrix<const T>, Matrix<const T>,            \
                                             Matrix<const T>, const T*);                                    \
  template void batch_norm_backward_sums(Team&, T*, T*, Matrix<T>, const T*);                               \
  template void batch_norm_backward(Team&, const BatchNormGradient<T>&);

FASTDNN_INSTANTIATE(float)
FASTDNN_INSTANTIATE(double)
#undef FASTDNN_INSTANTIATE

}  // namespace fastdnn
