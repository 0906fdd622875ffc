// Runs all tests and says so; FASTDNN_ISA chooses the unit, as everywhere.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>

#include "every_float.h"
#include "isa/dispatch.h"
#include "isa/table.h"
#include "tests.h"

namespace fastdnn::native {
namespace {

struct Shapes {
  std::vector<Index> rows, cols;
};

// Around the lanes of every unit, 2 to 16, and its tiles, up to 16 rows and 4 vectors.
const Shapes kLanes{{1, 3, 6, 7, 13, 17}, {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 67}};
// Around the chunks of 256 rows of column_sum.
const Shapes kChunks{{255, 256, 257, 513}, {1, 5, 19}};
// Around the blocks of gemm: NC = 512, MC = 192, and 1 MB of B with 64 rows of A.
const Shapes kWidths{{5}, {511, 513}};
const Shapes kHeights{{193}, {70}};
const Shapes kLarge{{64}, {513}};
// One row: the kernels of flat vectors.
const Shapes kFlat{{1}, {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 67, 257}};

// One row of several chunks of 4096 elements.
const Shapes kVectors{{1}, {1, 2, 3, 5, 17, 67, 4095, 4097, 12301}};

struct KernelTest {
  const char* name;
  void (*f32)(Case&);
  void (*f64)(Case&);
  const Shapes& shapes;
};

const KernelTest kTests[] = {
    {"gemm, tiles", gemm_tiles<float>, gemm_tiles<double>, kLanes},
    {"gemm, widths", gemm_blocks<float>, gemm_blocks<double>, kWidths},
    {"gemm, heights", gemm_blocks<float>, gemm_blocks<double>, kHeights},
    {"gemm, packed", gemm_packed<float>, gemm_packed<double>, kLarge},
    {"column_sum", column_sums<float>, column_sums<double>, kLanes},
    {"column_sum, chunks", column_sums<float>, column_sums<double>, kChunks},
    {"add_bias", bias<float>, bias<double>, kLanes},
    {"relu_forward", relu<float>, relu<double>, kLanes},
    {"relu_backward, pass_gradient", gradients<float>, gradients<double>, kLanes},
    {"normalize", normalization<float>, normalization<double>, kLanes},
    {"softmax", softmax<float>, softmax<double>, kLanes},
    {"accuracy", accuracies<float>, accuracies<double>, kLanes},
    {"gather", gathering<float>, gathering<double>, kLanes},
    {"sparse_cross_entropy", sparse_cross_entropies<float>, sparse_cross_entropies<double>, kLanes},
    {"categorical_cross_entropy", categorical_cross_entropies<float>, categorical_cross_entropies<double>,
     kLanes},
    {"squared_error", squared_errors<float>, squared_errors<double>, kLanes},
    {"sgd_update", sgd<float>, sgd<double>, kFlat},
    {"activations", activations<float>, activations<double>, kLanes},
    {"prelu", prelus<float>, prelus<double>, kLanes},
    {"prelu, chunks", prelus<float>, prelus<double>, kChunks},
    {"maxout, hardmax", maxima<float>, maxima<double>, kLanes},
    {"layer_norm", layer_norms<float>, layer_norms<double>, kLanes},
    {"layer_norm, chunks", layer_norms<float>, layer_norms<double>, kChunks},
    {"batch_norm", batch_norms<float>, batch_norms<double>, kLanes},
    {"batch_norm, chunks", batch_norms<float>, batch_norms<double>, kChunks},
    {"batch_norm_backward", batch_norm_gradients<float>, batch_norm_gradients<double>, kLanes},
    {"batch_norm_backward, chunks", batch_norm_gradients<float>, batch_norm_gradients<double>, kChunks},
    {"gather_features", gathering_features<float>, gathering_features<double>, kLanes},
    {"embedding", embeddings<float>, embeddings<double>, kLanes},
    {"embedding, chunks", embeddings<float>, embeddings<double>, kChunks},
    {"csr_matmul", sparse_products<float>, sparse_products<double>, kLanes},
    {"dropout", dropouts<float>, dropouts<double>, kLanes},
    {"gaussian_noise", noises<float>, noises<double>, kLanes},
    {"norms, penalty", norms<float>, norms<double>, kVectors},
    {"penalty, powers", power_penalties<float>, power_penalties<double>, kVectors},
    {"max_norm", max_norms<float>, max_norms<double>, kLanes},
    {"max_norm, chunks", max_norms<float>, max_norms<double>, kChunks},
    {"log_softmax, logistic_normalize", log_softmaxes<float>, log_softmaxes<double>, kLanes},
    {"cross-entropy of probabilities", probability_cross_entropies<float>,
     probability_cross_entropies<double>, kLanes},
    {"elementwise losses", elementwise_losses<float>, elementwise_losses<double>, kLanes},
    {"adam_update", adam<float>, adam<double>, kFlat},
    {"lion_update", lion<float>, lion<double>, kFlat},
    {"updates with roots", adaptive<float>, adaptive<double>, kFlat},
};

// What is running, for the handler of a fault, which may not allocate.
char running[256] = "";

void say_where_and_die(int signal) {
  char text[400];
  const int length = std::snprintf(text, sizeof text, "FAILED with signal %d: %s\n", signal, running);
  static_cast<void>(write(STDERR_FILENO, text, static_cast<std::size_t>(length)) + 1);
  _exit(128 + signal);
}

void now_running(const std::string& text) {
  std::snprintf(running, sizeof running, "%s", text.c_str());
}

// Returns the number of cases.
int sweep(const std::string& name, void (*test)(Case&), const Shapes& shapes) {
  int count = 0;
  for (const Index rows : shapes.rows) {
    for (const Index cols : shapes.cols) {
      Case::Bits bits;
      for (const Edge edge : {Edge::head, Edge::tail}) {
        for (const int threads : {1, 3}) {
          Case c(rows, cols, edge, threads, bits);
          now_running(name + ", " + c.text());
          test(c);
          ++count;
        }
      }
    }
  }
  return count;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class Run {
 public:
  template <class Body>
  void operator()(const std::string& name, const Body& body) {
    now_running(name);
    try {
      const auto begin = Clock::now();
      const int cases = body();
      std::printf("ok      %-40s %4d cases %6.2f s\n", name.c_str(), cases, seconds_since(begin));
      ++passed_;
    } catch (const std::exception& error) {
      std::printf("FAILED  %s: %s\n", running, error.what());
      ++failed_;
    }
    std::fflush(stdout);
  }

  // The last line reads as pytest's does.
  int summary() const {
    std::printf("=== %d passed, %d failed in %.2fs ===\n", passed_, failed_, seconds_since(begin_));
    return failed_ == 0 ? 0 : 1;
  }

 private:
  Clock::time_point begin_ = Clock::now();
  int passed_ = 0;
  int failed_ = 0;
};

int run_all() {
  std::printf("unit %s, vectors of %d bytes, threads %s\n", kernel_table().unit,
              kernel_table().f32.gemm.lanes * 4, team_backend());
  Run run;
  for (const KernelTest& test : kTests) {
    run(std::string(test.name) + ", float32", [&] { return sweep(test.name, test.f32, test.shapes); });
    run(std::string(test.name) + ", float64", [&] { return sweep(test.name, test.f64, test.shapes); });
  }
  const auto once = [](void (*test)()) { return [test] { return test(), 1; }; };
  run("activations of some floats",
      once([] { expect(every_float(0, 4'321), "see the largest errors above"); }));
  run("teams", once(teams));
  run("52 steps of training, float32", once(training<float>));
  run("52 steps of training, float64", once(training<double>));
  return run.summary();
}

}  // namespace
}  // namespace fastdnn::native

// `native_tests --units` prints the units that run here; `native_tests --every-float SECONDS SEED` runs that test.
int main(int count, char** arguments) {
  using namespace fastdnn::native;
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) std::signal(signal, say_where_and_die);
  try {
    if (count == 1) return run_all();
    if (count == 2 && std::string(arguments[1]) == "--units") {
      for (const std::string& unit : fastdnn::available_units()) std::printf("%s\n", unit.c_str());
      return 0;
    }
    if (count == 4 && std::string(arguments[1]) == "--every-float") {
      return every_float(std::stod(arguments[2]), static_cast<std::uint32_t>(std::stoul(arguments[3]))) ? 0
                                                                                                        : 1;
    }
    std::fprintf(stderr, "expected no argument, --units or --every-float SECONDS SEED, got '%s'\n",
                 arguments[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "FAILED: %s\n", error.what());
  }
  return 1;
}
