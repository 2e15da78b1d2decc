// An open-loop load generator for HTTP/1.1: requests begin when their time has come, whether or not others have been answered,
// and their latency counts from that time. One thread. What wrk and pgbench are not: a closed loop asks less of a slow server.
//
//   open_loop ADDRESS PORT REQUEST-FILE CONNECTIONS RATE:SECONDS[,RATE:SECONDS]...
//
// The file holds one request as it is sent; "@@@@@@@@@@@@" in it becomes a number that no other request of the run has. The rates
// are requests a second, with exponential gaps. stdout: a line of JSON a phase, then one for each tenth of a second.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PHASES_MAX = 16, HEAD_MAX = 8192, BACKLOG_MAX = 1 << 20, TENTHS_MAX = 100000, STEPS = 1 << 16 };
// The 127.0.0.x that connections come from, in turn: one address has some 28,000 ports.
enum { SOURCES = 8 };

typedef struct {
  int descriptor, phase, status, hasRetry, closes, headBytes, isConnecting;
  size_t sent, bodyLeft;
  double due;
  char head[HEAD_MAX];
  char *request;
} Connection;

// Latencies in steps of 1/16 of a power of two of microseconds.
typedef struct {
  long count;
  double most;
  uint32_t steps[64 * 16];
} Latencies;

typedef struct {
  double rate, begin, end;
  long due, failed, other, withoutRetry, backlogMost, unanswered;
  Latencies accepted, refused;
} Phase;

typedef struct {
  int accepted, refused, failed;
  float slowest;
} Tenth;

static Phase phases[PHASES_MAX];
static int phaseCount;
static Tenth *tenths;
static double *backlogDue;
static int *backlogPhase;
static size_t backlogHead, backlogCount;
static Connection **idle;
static int idleCount, openCount, connectionsMax, nextSource;
static char *request, *mark;
static size_t requestBytes;
static long number;
static struct sockaddr_in server;
static int poller;
static double started;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void die(const char *words) {
  perror(words);
  exit(1);
}

static void note(Latencies *latencies, double seconds) {
  double micro = seconds * 1e6 < 1 ? 1 : seconds * 1e6;
  int place = (int)(log2(micro) * 16);
  latencies->steps[place < 0 ? 0 : place > 1023 ? 1023 : place]++;
  latencies->count++;
  if (seconds > latencies->most) latencies->most = seconds;
}

static double quantile(const Latencies *latencies, double share) {
  long wanted = (long)ceil((double)latencies->count * share), seen = 0;
  for (int place = 0; place < 1024; place++) {
    seen += latencies->steps[place];
    if (seen >= wanted && seen > 0) {
      double upper = exp2((place + 1) / 16.0) / 1000;
      return upper < latencies->most * 1000 ? upper : latencies->most * 1000;
    }
  }
  return 0;
}

static Tenth *tenth(double time) {
  long place = (long)((time - started) * 10);
  return &tenths[place < 0 ? 0 : place >= TENTHS_MAX ? TENTHS_MAX - 1 : place];
}

static void shut(Connection *connection) {
  close(connection->descriptor);
  free(connection->request);
  free(connection);
  openCount--;
}

static void fail(Connection *connection) {
  if (connection->phase >= 0) {
    phases[connection->phase].failed++;
    tenth(now())->failed++;
  }
  shut(connection);
}

static void begin(Connection *connection, double due, int phase);

static void answered(Connection *connection) {
  double end = now(), took = end - connection->due;
  Phase *phase = &phases[connection->phase];
  Tenth *part = tenth(end);
  if (connection->status >= 200 && connection->status < 300) {
    note(&phase->accepted, took);
    part->accepted++;
    if (took > part->slowest) part->slowest = (float)took;
  } else if (connection->status == 503) {
    note(&phase->refused, took);
    part->refused++;
    if (!connection->hasRetry) phase->withoutRetry++;
  } else {
    phase->other++;
  }
  connection->phase = -1;
  if (connection->closes) {
    shut(connection);
  } else if (backlogCount > 0) {
    double due = backlogDue[backlogHead];
    int waiting = backlogPhase[backlogHead];
    backlogHead = (backlogHead + 1) % BACKLOG_MAX;
    backlogCount--;
    begin(connection, due, waiting);
  } else {
    idle[idleCount++] = connection;
  }
}

// Sends what the kernel takes; waits for the rest and for the answer by epoll.
static int sendMore(Connection *connection) {
  while (connection->sent < requestBytes) {
    ssize_t count =
        send(connection->descriptor, connection->request + connection->sent, requestBytes - connection->sent, MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == ENOTCONN;
    connection->sent += (size_t)count;
  }
  return 1;
}

static void begin(Connection *connection, double due, int phase) {
  connection->due = due;
  connection->phase = phase;
  connection->sent = connection->headBytes = connection->status = 0;
  if (mark) {
    char digits[16];
    snprintf(digits, sizeof digits, "%012ld", number++);
    memcpy(connection->request + (mark - request), digits, 12);
  }
  if (!connection->isConnecting && !sendMore(connection)) fail(connection);
}

static void openConnection(double due, int phase) {
  Connection *connection = calloc(1, sizeof *connection);
  connection->request = malloc(requestBytes);
  memcpy(connection->request, request, requestBytes);
  connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connection->descriptor < 0) die("socket");
  int one = 1;
  setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + (uint32_t)(nextSource++ % SOURCES))};
  setsockopt(connection->descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(connection->descriptor, (struct sockaddr *)&source, sizeof source)) die("bind");
  openCount++;
  connection->phase = -1;
  connection->isConnecting = 1;
  if (connect(connection->descriptor, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) die("connect");
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->descriptor, &event)) die("epoll_ctl");
  begin(connection, due, phase);
}

static void arrive(double due, int phase) {
  phases[phase].due++;
  if (idleCount > 0) {
    begin(idle[--idleCount], due, phase);
  } else if (openCount < connectionsMax) {
    openConnection(due, phase);
  } else if (backlogCount < BACKLOG_MAX) {
    size_t place = (backlogHead + backlogCount++) % BACKLOG_MAX;
    backlogDue[place] = due;
    backlogPhase[place] = phase;
    if ((long)backlogCount > phases[phase].backlogMost) phases[phase].backlogMost = (long)backlogCount;
  } else {
    phases[phase].failed++;
  }
}

// Reads the head's lines that matter. The head ends at `end`.
static void readHead(Connection *connection, char *end) {
  *end = 0;
  connection->status = connection->headBytes > 12 ? atoi(connection->head + 9) : 0;
  connection->bodyLeft = 0;
  connection->hasRetry = connection->closes = 0;
  for (char *line = strstr(connection->head, "\r\n"); line; line = strstr(line, "\r\n")) {
    line += 2;
    if (!strncasecmp(line, "content-length:", 15)) connection->bodyLeft = strtoul(line + 15, NULL, 10);
    if (!strncasecmp(line, "retry-after:", 12)) connection->hasRetry = 1;
    if (!strncasecmp(line, "connection: close", 17)) connection->closes = 1;
  }
}

static void receive(Connection *connection) {
  static char piece[1 << 16];
  for (;;) {
    ssize_t count = recv(connection->descriptor, piece, sizeof piece, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0 || connection->phase < 0) {
      // An idle connection that ends is not found among the idle ones without a search: it is rare.
      if (connection->phase < 0)
        for (int place = 0; place < idleCount; place++)
          if (idle[place] == connection) idle[place--] = idle[--idleCount];
      return fail(connection);
    }
    size_t used = 0;
    if (connection->status == 0) {
      size_t room = sizeof connection->head - 1 - (size_t)connection->headBytes, taken = (size_t)count < room ? (size_t)count : room;
      memcpy(connection->head + connection->headBytes, piece, taken);
      int before = connection->headBytes;
      connection->headBytes += (int)taken;
      connection->head[connection->headBytes] = 0;
      char *end = memmem(connection->head, (size_t)connection->headBytes, "\r\n\r\n", 4);
      if (!end) {
        if (room == taken) return fail(connection);
        continue;
      }
      used = (size_t)(end + 4 - connection->head) - (size_t)before;
      readHead(connection, end);
    }
    size_t rest = (size_t)count - used;
    if (rest > connection->bodyLeft) return fail(connection);
    connection->bodyLeft -= rest;
    if (connection->bodyLeft == 0) return answered(connection);
  }
}

static void run(double until, int acceptArrivals) {
  static struct epoll_event events[1024];
  static int phase;
  static double due;
  if (due == 0) due = started;
  for (;;) {
    double time = now();
    if (time >= until || (!acceptArrivals && idleCount == openCount && backlogCount == 0)) return;
    while (acceptArrivals && due <= time && phase < phaseCount) {
      if (due >= phases[phase].end) {
        phase++;
        continue;
      }
      arrive(due, phase);
      due += -log(1 - drand48()) / phases[phase].rate;
    }
    double wait = acceptArrivals ? due - now() : 0.01;
    struct timespec time_out = {0, wait <= 0 ? 0 : wait > 0.01 ? 10000000 : (long)(wait * 1e9)};
    int count = epoll_pwait2(poller, events, 1024, &time_out, NULL);
    for (int place = 0; place < count; place++) {
      Connection *connection = events[place].data.ptr;
      if (events[place].events & EPOLLOUT && connection->isConnecting) {
        int code = 0;
        socklen_t length = sizeof code;
        getsockopt(connection->descriptor, SOL_SOCKET, SO_ERROR, &code, &length);
        connection->isConnecting = 0;
        if (code) {
          fail(connection);
          continue;
        }
      }
      if (connection->phase >= 0 && connection->sent < requestBytes && !sendMore(connection)) {
        fail(connection);
        continue;
      }
      if (events[place].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(connection);
    }
  }
}

static void print(const char *name, const Latencies *latencies) {
  printf("\"%s\": {\"count\": %ld, \"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"most\": %.2f}, ", name, latencies->count,
         quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(latencies, 0.999), latencies->most * 1000);
}

int main(int count, char **arguments) {
  if (count != 6) {
    fprintf(stderr, "open_loop ADDRESS PORT REQUEST-FILE CONNECTIONS RATE:SECONDS,...\n");
    return 2;
  }
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2]))};
  if (inet_pton(AF_INET, arguments[1], &server.sin_addr) != 1) die("address");
  FILE *file = fopen(arguments[3], "rb");
  if (!file) die(arguments[3]);
  request = malloc(1 << 20);
  requestBytes = fread(request, 1, 1 << 20, file);
  fclose(file);
  mark = memmem(request, requestBytes, "@@@@@@@@@@@@", 12);
  connectionsMax = atoi(arguments[4]);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  idle = calloc((size_t)connectionsMax, sizeof *idle);
  tenths = calloc(TENTHS_MAX, sizeof *tenths);
  backlogDue = calloc(BACKLOG_MAX, sizeof *backlogDue);
  backlogPhase = calloc(BACKLOG_MAX, sizeof *backlogPhase);
  poller = epoll_create1(0);
  srand48((long)getpid());
  number = (long)getpid() * 10000000;
  started = now();
  double at = started;
  for (char *part = strtok(arguments[5], ","); part && phaseCount < PHASES_MAX; part = strtok(NULL, ",")) {
    double rate, seconds;
    if (sscanf(part, "%lf:%lf", &rate, &seconds) != 2 || rate <= 0 || seconds <= 0) die("RATE:SECONDS");
    phases[phaseCount++] = (Phase){.rate = rate, .begin = at, .end = at + seconds};
    at += seconds;
  }
  run(at, 1);
  double ended = now();
  // What is under way may end.
  run(ended + 35, 0);
  for (int place = 0; place < phaseCount; place++) {
    Phase *phase = &phases[place];
    phase->unanswered = phase->due - phase->accepted.count - phase->refused.count - phase->other - phase->failed;
    printf("{\"rate\": %.0f, \"seconds\": %.1f, \"due\": %ld, ", phase->rate, phase->end - phase->begin, phase->due);
    print("accepted", &phase->accepted);
    print("refused", &phase->refused);
    printf("\"other\": %ld, \"failed\": %ld, \"without_retry\": %ld, \"unanswered\": %ld, \"backlog_most\": %ld}\n", phase->other,
           phase->failed, phase->withoutRetry, phase->unanswered, phase->backlogMost);
  }
  long last = (long)((now() - started) * 10);
  for (long place = 0; place <= last && place < TENTHS_MAX; place++)
    printf("{\"tenth\": %ld, \"accepted\": %d, \"refused\": %d, \"failed\": %d, \"slowest\": %.1f}\n", place, tenths[place].accepted,
           tenths[place].refused, tenths[place].failed, tenths[place].slowest * 1000);
  return 0;
}
