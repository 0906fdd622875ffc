#include "bindings/kernel_arguments.h"
#include "kernels/accuracy.h"
#include "kernels/elementwise_loss.h"
#include "kernels/probability_cross_entropy.h"
#include "kernels/squared_error.h"

namespace fastdnn::bindings {
namespace {

LabelSmoothing label_smoothing_from(double epsilon, const std::string& mode, Index classes,
                                    const char* where) {
  const bool by_k = mode == "k";
  check(by_k || mode == "k-1", where, "expected label_smoothing_mode \"k\" or \"k-1\", got \"", mode, "\"");
  check(epsilon >= 0 && epsilon <= 1, where, "expected label_smoothing in 0..1, got ", epsilon);
  check(by_k || epsilon == 0 || classes >= 2, where, "expected two columns to smooth by k-1, got ", classes);
  return {epsilon, by_k ? LabelSmoothing::Mode::by_k : LabelSmoothing::Mode::by_k_minus_1};
}

Outputs outputs_from(const std::string& name, const char* where) {
  check(name == "mean" || name == "sum", where, "expected outputs \"mean\" or \"sum\", got \"", name, "\"");
  return name == "mean" ? Outputs::mean : Outputs::sum;
}

// What every loss is given but its target and options.
template <class T>
struct LossArguments {
  T* loss;
  Matrix<T> gradient;
  Matrix<const T> prediction;
  const T* weights;

  LossArguments(Array<T>& row_loss, Optional<T>& dy, const Array<T>& y, const Optional<T>& w,
                const char* where)
      : prediction(input_matrix(y, where)) {
    check(prediction.cols >= 1, where, "expected at least one column");
    loss = vector_out(row_loss, prediction.rows, where);
    gradient = optional_gradient(dy, prediction, where);
    weights = optional_vector(w, prediction.rows, where);
  }
};

template <class T>
Matrix<const T> target_like(const Array<T>& target, const Matrix<const T>& prediction, const char* where) {
  const Matrix<const T> wanted = input_matrix(target, where);
  same_shape(prediction, wanted, where);
  return wanted;
}

// def(name, options...): a loss of this signature; `call` gets the arguments as far as they are common.
template <class T, class Function, class... Options>
void def_loss(py::module_& m, const char* name, const char* gradient, const char* prediction,
              const char* target, const Function& function, const Options&... options) {
  m.def(name, function, py::arg("row_loss").noconvert(), py::arg(gradient).noconvert().none(true),
        py::arg(prediction).noconvert(), py::arg(target).noconvert(),
        py::arg("weights").noconvert().none(true) = py::none(), py::arg("scale") = 1, py::arg("threads") = 1,
        options...);
}

template <class T>
void bind_cross_entropies(py::module_& m) {
  using In = const Array<T>&;
  using Labels = const Array<std::int32_t>&;
  using Weights = const Optional<T>&;
  const auto epsilon = py::arg("label_smoothing") = 0.0;
  const auto mode = py::arg("label_smoothing_mode") = "k";
  def_loss<T>(
      m, "sparse_cross_entropy", "dz", "z", "labels",
      [](Array<T> row_loss, Optional<T> dz, In z, Labels labels, Weights w, T scale, int threads,
         double label_smoothing, const std::string& label_smoothing_mode) {
        const char* where = "sparse_cross_entropy";
        const LossArguments<T> a(row_loss, dz, z, w, where);
        const Index classes = a.prediction.cols;
        const std::int32_t* wanted = checked_labels(labels, a.prediction.rows, classes, where);
        const auto smoothing = label_smoothing_from(label_smoothing, label_smoothing_mode, classes, where);
        on_team(threads, [&](Team& team) {
          sparse_cross_entropy<T>(team, a.loss, a.gradient, a.prediction, wanted, a.weights, scale,
                                  smoothing);
        });
      },
      epsilon, mode);
  def_loss<T>(m, "sparse_probability_cross_entropy", "dy", "y", "labels",
              [](Array<T> row_loss, Optional<T> dy, In y, Labels labels, Weights w, T scale, int threads) {
                const char* where = "sparse_probability_cross_entropy";
                const LossArguments<T> a(row_loss, dy, y, w, where);
                const std::int32_t* wanted =
                    checked_labels(labels, a.prediction.rows, a.prediction.cols, where);
                on_team(threads, [&](Team& team) {
                  sparse_probability_cross_entropy<T>(team, a.loss, a.gradient, a.prediction, wanted,
                                                      a.weights, scale);
                });
              });
  const auto bind_categorical = [&](const char* name, const char* gradient, const char* prediction,
                                    auto kernel) {
    def_loss<T>(
        m, name, gradient, prediction, "target",
        [name, kernel](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
                       double label_smoothing, const std::string& label_smoothing_mode) {
          const LossArguments<T> a(row_loss, dy, y, w, name);
          const Matrix<const T> wanted = target_like(target, a.prediction, name);
          const auto smoothing =
              label_smoothing_from(label_smoothing, label_smoothing_mode, a.prediction.cols, name);
          on_team(threads, [&](Team& team) {
            kernel(team, a.loss, a.gradient, a.prediction, wanted, a.weights, scale, smoothing);
          });
        },
        epsilon, mode);
  };
  bind_categorical("categorical_cross_entropy", "dz", "z", &categorical_cross_entropy<T>);
  bind_categorical("categorical_probability_cross_entropy", "dy", "y",
                   &categorical_probability_cross_entropy<T>);
}

template <class T>
void bind_elementwise(py::module_& m) {
  using In = const Array<T>&;
  using Weights = const Optional<T>&;
  def_loss<T>(
      m, "squared_error", "dy", "y", "target",
      [](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads, bool half,
         const std::string& outputs) {
        const char* where = "squared_error";
        const LossArguments<T> a(row_loss, dy, y, w, where);
        const Matrix<const T> wanted = target_like(target, a.prediction, where);
        const Outputs reduced = outputs_from(outputs, where);
        on_team(threads, [&](Team& team) {
          squared_error<T>(team, a.loss, a.gradient, a.prediction, wanted, a.weights, scale, half, reduced);
        });
      },
      py::arg("half") = false, py::arg("outputs") = "mean");
  // The parameter of a loss, of the name that its option has.
  const auto run = [](const char* name, ElementwiseLoss loss, Array<T>& row_loss, Optional<T>& dy, In y,
                      In target, Weights w, T scale, int threads, const std::string& outputs, T parameter) {
    const LossArguments<T> a(row_loss, dy, y, w, name);
    const Matrix<const T> wanted = target_like(target, a.prediction, name);
    const T divisor = outputs_from(outputs, name) == Outputs::mean ? static_cast<T>(a.prediction.cols) : T(1);
    on_team(threads, [&](Team& team) {
      elementwise_loss<T>(team, loss, a.loss, a.gradient, a.prediction, wanted, a.weights, scale, divisor,
                          parameter);
    });
  };
  const auto bind_plain = [&](const char* name, ElementwiseLoss loss, const char* outputs_default) {
    def_loss<T>(
        m, name, "dy", "y", "target",
        [=](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
            const std::string& outputs) {
          run(name, loss, row_loss, dy, y, target, w, scale, threads, outputs, 0);
        },
        py::arg("outputs") = outputs_default);
  };
  bind_plain("absolute_error", ElementwiseLoss::absolute_error, "mean");
  bind_plain("log_cosh", ElementwiseLoss::log_cosh, "mean");
  bind_plain("kl_divergence", ElementwiseLoss::kl_divergence, "sum");
  bind_plain("hinge", ElementwiseLoss::hinge, "mean");
  bind_plain("squared_hinge", ElementwiseLoss::squared_hinge, "mean");
  def_loss<T>(
      m, "huber", "dy", "y", "target",
      [=](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
          const std::string& outputs, T delta) {
        check(delta > 0, "huber", "expected delta > 0, got ", delta);
        run("huber", ElementwiseLoss::huber, row_loss, dy, y, target, w, scale, threads, outputs, delta);
      },
      py::arg("outputs") = "mean", py::arg("delta") = 1);
  const auto bind_binary = [&](const char* name, ElementwiseLoss loss) {
    def_loss<T>(
        m, name, "dy", "y", "target",
        [=](Array<T> row_loss, Optional<T> dy, In y, In target, Weights w, T scale, int threads,
            const std::string& outputs, T label_smoothing) {
          check(label_smoothing >= 0 && label_smoothing <= 1, name, "expected label_smoothing in 0..1, got ",
                label_smoothing);
          run(name, loss, row_loss, dy, y, target, w, scale, threads, outputs, label_smoothing);
        },
        py::arg("outputs") = "mean", py::arg("label_smoothing") = 0);
  };
  bind_binary("binary_cross_entropy", ElementwiseLoss::binary_cross_entropy);
  bind_binary("binary_probability_cross_entropy", ElementwiseLoss::binary_probability_cross_entropy);
}

template <class T>
void bind_accuracies(py::module_& m) {
  using In = const Array<T>&;
  using Labels = const Array<std::int32_t>&;
  m.def(
      "sparse_accuracy",
      [](Array<T> row_correct, In z, Labels labels, int threads) {
        const Matrix<const T> logits = input_matrix(z, "sparse_accuracy");
        check(logits.cols >= 1 && logits.cols <= kMostClasses, "sparse_accuracy", "expected 1 to ",
              kMostClasses, " columns, got ", logits.cols);
        T* correct = vector_out(row_correct, logits.rows, "sparse_accuracy");
        const std::int32_t* classes = vector_of(labels, logits.rows, "sparse_accuracy");
        on_team(threads, [&](Team& team) { sparse_accuracy<T>(team, correct, logits, classes); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("labels").noconvert(),
      py::arg("threads") = 1);
  m.def(
      "categorical_accuracy",
      [](Array<T> row_correct, In z, In target, int threads) {
        const Matrix<const T> logits = input_matrix(z, "categorical_accuracy");
        const Matrix<const T> wanted = input_matrix(target, "categorical_accuracy");
        same_shape(logits, wanted, "categorical_accuracy");
        check(logits.cols >= 1 && logits.cols <= kMostClasses, "categorical_accuracy", "expected 1 to ",
              kMostClasses, " columns, got ", logits.cols);
        T* correct = vector_out(row_correct, logits.rows, "categorical_accuracy");
        on_team(threads, [&](Team& team) { categorical_accuracy<T>(team, correct, logits, wanted); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("target").noconvert(),
      py::arg("threads") = 1);
}

}  // namespace

void bind_loss_kernels(py::module_& m) {
  bind_cross_entropies<float>(m);
  bind_cross_entropies<double>(m);
  bind_elementwise<float>(m);
  bind_elementwise<double>(m);
  bind_accuracies<float>(m);
  bind_accuracies<double>(m);
}

}  // namespace fastdnn::bindings
