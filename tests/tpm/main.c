/* SPDX-License-Identifier: MIT */
/* mssim: the TPM of services/vtpm as a program of the host, behind the simulator's TCP protocol. For tests. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/vtpm/tpm.h"
#include "tests/tpm/mssim.h"

#define CLIENTS_MAX 16u
#define PORT_DEFAULT 2321u
#define ANY_PORT_TRIES 100u
#define CHUNK_SIZE 8192u

static struct memory_store store;
static struct mssim conversation[CLIENTS_MAX];
static struct pollfd watched[2 + CLIENTS_MAX]; /* two listeners, then clients in the order of conversation */

static int usage(FILE *to)
{
	fputs("usage: mssim [--port N] [--failed]\n\n"
	      "A TPM 2.0 behind the TPM simulator's TCP protocol, on 127.0.0.1: commands at port N (default 2321), the platform\n"
	      "at N+1. Each start is a new TPM. It says \"mssim: ready at port N\" and runs until a client asks it to stop.\n\n"
	      "  --port N   0: any two ports that are free\n"
	      "  --failed   in failure mode from the start\n\n"
	      "Use: TPM2TOOLS_TCTI=mssim:port=2321 tpm2_getrandom 8 --hex\n",
	      to);
	return to == stdout ? 0 : 2;
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1, file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (file >= 0 && setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(file, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(file, (int)CLIENTS_MAX) == 0)
		return file;
	if (file >= 0)
		close(file);
	return -1;
}

static uint16_t port_of(int file)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	return getsockname(file, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin_port) : 0;
}

/* Both listeners; the port of the first, 0: none. */
static uint16_t listen_both(uint16_t port)
{
	for (uint32_t tries = 0; tries < (port == 0 ? ANY_PORT_TRIES : 1u); tries++) {
		int first = listen_at(port);
		uint16_t got = first < 0 ? 0 : port_of(first);
		int second = got == 0 || got == UINT16_MAX ? -1 : listen_at((uint16_t)(got + 1));

		if (second >= 0) {
			watched[MSSIM_COMMANDS] = (struct pollfd){ .fd = first, .events = POLLIN };
			watched[MSSIM_PLATFORM] = (struct pollfd){ .fd = second, .events = POLLIN };
			return got;
		}
		if (first >= 0)
			close(first);
	}
	return 0;
}

static void admit(enum mssim_kind kind)
{
	int on = 1, file = accept4(watched[kind].fd, NULL, NULL, SOCK_CLOEXEC);

	if (file < 0)
		return;
	/* Answers are small and are waited for. */
	(void)setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
		if (watched[2 + i].fd >= 0)
			continue;
		mssim_open(&conversation[i], kind);
		watched[2 + i] = (struct pollfd){ .fd = file, .events = POLLIN };
		return;
	}
	fprintf(stderr, "mssim: more than %u clients: one is turned away\n", CLIENTS_MAX);
	close(file);
}

static bool send_answer(int file, const struct mssim *mssim)
{
	uint32_t sent = 0;

	while (sent < mssim->answer_size) {
		ssize_t count = send(file, mssim->answer + sent, mssim->answer_size - sent, MSG_NOSIGNAL);

		if (count == 0 || (count < 0 && errno != EINTR))
			return false;
		sent += count > 0 ? (uint32_t)count : 0;
	}
	return true;
}

static void leave(uint32_t client)
{
	if (conversation[client].complaint != NULL)
		fprintf(stderr, "mssim: a client is disconnected: %s\n", conversation[client].complaint);
	close(watched[2 + client].fd);
	watched[2 + client].fd = -1;
}

/* False: a client asked for the end. */
static bool serve(uint32_t client)
{
	uint8_t chunk[CHUNK_SIZE];
	ssize_t count = recv(watched[2 + client].fd, chunk, sizeof(chunk), 0);
	const uint8_t *data = chunk;
	size_t size = count > 0 ? (size_t)count : 0;
	enum mssim_verdict verdict = size == 0 ? MSSIM_CLOSE : MSSIM_ANSWER;

	while (verdict == MSSIM_ANSWER && size > 0) {
		verdict = mssim_feed(&conversation[client], &data, &size);
		if (verdict == MSSIM_ANSWER && !send_answer(watched[2 + client].fd, &conversation[client]))
			verdict = MSSIM_CLOSE;
	}
	if (verdict == MSSIM_CLOSE)
		leave(client);
	return verdict != MSSIM_STOP;
}

static int run(void)
{
	bool on = true;

	while (on) {
		if (poll(watched, ARRAY_SIZE(watched), -1) < 0 && errno != EINTR) {
			perror("mssim: poll");
			return 1;
		}
		for (uint32_t i = 0; i < CLIENTS_MAX && on; i++) {
			if (watched[2 + i].fd >= 0 && watched[2 + i].revents != 0)
				on = serve(i);
		}
		for (enum mssim_kind kind = MSSIM_COMMANDS; kind <= MSSIM_PLATFORM; kind++) {
			if (watched[kind].revents != 0)
				admit(kind);
		}
	}
	return 0;
}

static bool read_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*port = (uint16_t)value;
	return *text >= '0' && *text <= '9' && *end == 0 && value < UINT16_MAX;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "port", required_argument, NULL, 'p' },
						 { "failed", no_argument, NULL, 'f' },
						 { "help", no_argument, NULL, 'h' },
						 { NULL, 0, NULL, 0 } };
	uint16_t wanted = PORT_DEFAULT, port;
	bool failed = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h')
			return usage(stdout);
		if (option == 'p' && !read_port(optarg, &wanted)) {
			fprintf(stderr, "mssim: --port %s: must be 0 to 65534\n", optarg);
			return 2;
		}
		failed |= option == 'f';
		if (option == '?')
			return usage(stderr);
	}
	if (optind != argc)
		return usage(stderr);
	for (uint32_t i = 0; i < CLIENTS_MAX; i++)
		watched[2 + i].fd = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	memory_store_init(&store);
	tpm_start(&store.store, failed);
	if (tpm_has_failed() && !failed) {
		fprintf(stderr, "mssim: %s\n", tpm_failure_reason());
		return 1;
	}
	port = listen_both(wanted);
	if (port == 0) {
		fprintf(stderr, "mssim: ports %u and %u are not free: %s\n", wanted, wanted + 1u, strerror(errno));
		return 1;
	}
	printf("mssim: ready at port %u\n", port);
	fflush(stdout);
	return run();
}
