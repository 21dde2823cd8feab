/* SPDX-License-Identifier: MIT */
/*
 * The vTPM through its protocol: a TPM 2.0 that computes what the TCG says, errors of the protocol and of the TPM for
 * everything that is malformed, and no memory lost on many commands. Images without the service have nothing to test.
 */
#define GUEST_AREA "085"
#include "tests/guest/test.h"

#include "abi/launch.h"
#include "kernel/protocol/protocol.h"
#include "lib/string.h"
#include "tests/guest/machine.h"
#include "tests/guest/processor.h"
#include "tests/guest/svsm.h"
#include "tests/guest/tpm.h"

#define MANY_COMMANDS 100000u
#define WARM_COMMANDS 1000u
#define FLIPS 300u
#define REQUEST_ROOM 128u /* more than a PCR extend needs */
#define PCR 16u /* one that may be reset */
#define RH_OWNER 0x40000001u
#define ALG_SHA256 0x000Bu
#define ALG_SHA384 0x000Cu

static void flush_object(uint32_t handle)
{
	tpm_begin(TPM2_ST_NO_SESSIONS, 0x165);
	tpm_put32(handle);
	CHECK_EQ(tpm_run(), 0);
}

/* ---- a TPM ---- */

TEST(vtpm_is_there)
{
	struct svsm_args args = { .rcx = 0x55, .rdx = 0x66 };

	test_print("note: vTPM: %s\n", tpm_is_there() ? "yes" : "no");
	if (!tpm_is_there())
		return;
	CHECK_EQ(svsm_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_QUERY, &args), SVSM_SUCCESS);
	CHECK_EQ(args.rcx, 1u << SVSM_VTPM_SEND_COMMAND);
	CHECK_EQ(args.rdx, 0);
	args = (struct svsm_args){ .rcx = (uint64_t)SVSM_PROTOCOL_VTPM << 32 | SVSM_VTPM_VERSION };
	CHECK_EQ(svsm_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &args), SVSM_SUCCESS);
	CHECK_EQ(args.rcx, 1ull << 32 | 1);
	for (uint32_t number = 2; number < 40; number++) {
		args = (struct svsm_args){ .rcx = tpm_buffer_gpa() };
		CHECK_EQ_FOR(svsm_call(SVSM_PROTOCOL_VTPM, number, &args), SVSM_ERR_UNSUPPORTED_CALL, number);
	}
}

/* The endorsement key was made before the first command, and nothing of it shows: the TPM wants to be started. */
TEST(vtpm_wants_to_be_started)
{
	if (!tpm_is_there())
		return;
	CHECK_EQ(tpm_get_random(8), 0x100);
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_STARTUP);
	tpm_put16(0);
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm_run(), 0x100);
	CHECK_EQ(tpm_get_random(8), 0);
}

TEST(vtpm_tests_itself)
{
	if (!tpm_is_there())
		return;
	tpm_begin(TPM2_ST_NO_SESSIONS, 0x143);
	tpm_put8(1);
	CHECK_EQ(tpm_run(), 0);
	test_bench("vtpm_self_test", tpm_incomplete, "calls more");
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_TEST_RESULT);
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm2_read32(tpm_response + tpm_response_size - 4), 0);
}

/* resetCount is that of a TPM that was started once. */
TEST(vtpm_has_capabilities)
{
	if (!tpm_is_there())
		return;
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_CAPABILITY);
	tpm_put32(TPM2_CAP_PROPERTIES);
	tpm_put32(0x100); /* family indicator */
	tpm_put32(1);
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm_response_size, 27);
	CHECK_EQ(tpm2_read32(tpm_response + 23), 0x322E3000); /* "2.0" */
	tpm_begin(TPM2_ST_NO_SESSIONS, 0x181); /* ReadClock */
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm2_read32(tpm_response + TPM_HEADER + 16), 1); /* resetCount */
	CHECK_EQ(tpm2_read32(tpm_response + TPM_HEADER + 20), 0); /* restartCount */
	tpm_begin(TPM2_ST_NO_SESSIONS, TPM2_CC_CERTIFY_X509);
	CHECK_EQ(tpm_run(), TPM2_RC_COMMAND_CODE);
}

TEST(vtpm_random_numbers_differ)
{
	uint8_t first[32];

	if (!tpm_is_there())
		return;
	CHECK_EQ(tpm_get_random(32), 0);
	CHECK_EQ(tpm_response_size, TPM_HEADER + 2 + 32);
	CHECK_EQ(tpm2_read16(tpm_response + TPM_HEADER), 32);
	memcpy(first, tpm_response + TPM_HEADER + 2, sizeof(first));
	CHECK_EQ(tpm_get_random(32), 0);
	CHECK(memcmp(first, tpm_response + TPM_HEADER + 2, sizeof(first)) != 0);
}

static void read_pcr(uint32_t number)
{
	tpm_begin(TPM2_ST_NO_SESSIONS, 0x17E);
	tpm_put32(1);
	tpm_put16(ALG_SHA256);
	tpm_put8(3);
	for (uint32_t i = 0; i < 3; i++)
		tpm_put8(number / 8 == i ? 1u << number % 8 : 0);
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm2_read16(tpm_response + tpm_response_size - 34), 32);
}

/* The digest is to follow. */
static void begin_extend(uint32_t number)
{
	tpm_begin(TPM2_ST_SESSIONS, 0x182);
	tpm_put32(number);
	tpm_put_password();
	tpm_put32(1);
	tpm_put16(ALG_SHA256);
}

TEST(vtpm_extends_a_pcr)
{
	/* SHA-256 of 32 zero bytes and of 0, 1, ... 31. */
	static const uint8_t expected[32] = { 0xBB, 0x22, 0x75, 0xC4, 0x9F, 0x28, 0xAD, 0x52, 0xCA, 0xE6, 0xD5,
					      0x5E, 0x34, 0xA9, 0x74, 0xA5, 0x8C, 0x7A, 0x3B, 0xA2, 0x6F, 0x97,
					      0x6E, 0x8E, 0xCB, 0xBE, 0x7A, 0x53, 0x69, 0x18, 0xDC, 0x73 };
	static const uint8_t zero[32];

	if (!tpm_is_there())
		return;
	read_pcr(PCR);
	CHECK_EQ(memcmp(tpm_response + tpm_response_size - 32, zero, 32), 0);
	begin_extend(PCR);
	for (uint32_t i = 0; i < 32; i++)
		tpm_put8(i);
	CHECK_EQ(tpm_run(), 0);
	read_pcr(PCR);
	CHECK_EQ(memcmp(tpm_response + tpm_response_size - 32, expected, 32), 0);
	/* Only locality 4 resets PCR 17, and locality 0 is all that there is. */
	tpm_begin(TPM2_ST_SESSIONS, 0x13D);
	tpm_put32(17);
	tpm_put_password();
	CHECK_EQ(tpm_run(), TPM2_RC_LOCALITY);
}

/* ---- keys ---- */

/* Public areas of the TCG's templates for endorsement keys, without policy; with a policy for the profile's L-1. */
static const uint8_t policy_l1[32] = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC,
				       0x8D, 0x46, 0xA5, 0xD7, 0x24, 0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52,
				       0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA };

static void begin_create(uint32_t hierarchy)
{
	tpm_begin(TPM2_ST_SESSIONS, TPM2_CC_CREATE_PRIMARY);
	tpm_put32(hierarchy);
	tpm_put_password();
	tpm_put16(4);
	tpm_put16(0);
	tpm_put16(0);
}

static void end_create(void)
{
	tpm_put16(0);
	tpm_put32(0);
}

/* Template L-1: RSA 2048. Its handle; the public area is at tpm_response + 20. */
static uint32_t create_rsa(uint32_t hierarchy)
{
	begin_create(hierarchy);
	tpm_put16(314);
	tpm_put16(0x0001);
	tpm_put16(ALG_SHA256);
	tpm_put32(0x000300B2);
	tpm_put16(32);
	tpm_put_bytes(policy_l1, 32);
	tpm_put16(0x0006);
	tpm_put16(128);
	tpm_put16(0x0043);
	tpm_put16(0x0010);
	tpm_put16(2048);
	tpm_put32(0);
	tpm_put16(256);
	tpm_put_zeros(256);
	end_create();
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm2_read16(tpm_response + 18), 314);
	return tpm2_read32(tpm_response + TPM_HEADER);
}

/* As templates L-2 and H-3: P-256 with SHA-256 and AES-128, P-384 with SHA-384 and AES-256. */
static uint32_t create_ecc(bool p384)
{
	uint32_t bytes = p384 ? 48 : 32;

	begin_create(TPM2_RH_ENDORSEMENT);
	tpm_put16(2 + 2 + 4 + 2 + 6 + 2 + 2 + 2 + 2 * (2 + bytes));
	tpm_put16(0x0023);
	tpm_put16(p384 ? ALG_SHA384 : ALG_SHA256);
	tpm_put32(0x000300F2);
	tpm_put16(0);
	tpm_put16(0x0006);
	tpm_put16(p384 ? 256 : 128);
	tpm_put16(0x0043);
	tpm_put16(0x0010);
	tpm_put16(p384 ? 0x0004 : 0x0003);
	tpm_put16(0x0010);
	for (uint32_t i = 0; i < 2; i++) {
		tpm_put16(bytes);
		tpm_put_zeros(bytes);
	}
	end_create();
	CHECK_EQ(tpm_run(), 0);
	CHECK_EQ(tpm2_read16(tpm_response + 20), 0x0023);
	CHECK_EQ(tpm2_read16(tpm_response + 18 + 2 + 22), bytes); /* x is all there */
	return tpm2_read32(tpm_response + TPM_HEADER);
}

TEST(vtpm_makes_endorsement_keys)
{
	uint8_t modulus[256];

	if (!tpm_is_there())
		return;
	flush_object(create_rsa(TPM2_RH_ENDORSEMENT));
	/* Flushing overwrote the response: the same template gives the same key. */
	flush_object(create_rsa(TPM2_RH_ENDORSEMENT));
	(void)create_rsa(TPM2_RH_ENDORSEMENT);
	test_bench("vtpm_rsa_key", tpm_incomplete, "calls more");
	memcpy(modulus, tpm_response + 20 + 58, sizeof(modulus));
	CHECK((modulus[0] & 0x80) != 0 && (modulus[255] & 1) != 0);
	flush_object(tpm2_read32(tpm_response + TPM_HEADER));
	CHECK_EQ(create_rsa(TPM2_RH_ENDORSEMENT), 0x80000000);
	CHECK_EQ(memcmp(modulus, tpm_response + 20 + 58, sizeof(modulus)), 0);
	flush_object(0x80000000);
	flush_object(create_ecc(false));
	flush_object(create_ecc(true));
	/* Another hierarchy, another seed, another key. */
	CHECK_EQ(create_rsa(RH_OWNER), 0x80000000);
	CHECK(memcmp(modulus, tpm_response + 20 + 58, sizeof(modulus)) != 0);
	flush_object(0x80000000);
}

/* ---- what is malformed ---- */

TEST(vtpm_commands_of_wrong_size)
{
	static const uint32_t field[] = { 0, 1, 9, 10, 11, 13, 4087, 4088, 0x80000000, 0xFFFFFFFF };

	if (!tpm_is_there())
		return;
	for (uint32_t size = 0; size < TPM_HEADER; size++) {
		(void)tpm_get_random(8);
		CHECK_EQ_FOR(tpm_send(size), TPM2_RC_COMMAND_SIZE, size);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(field); i++) {
		(void)tpm_get_random(8);
		tpm2_write32(tpm_bytes + 2, field[i]);
		CHECK_EQ_FOR(tpm_send(12), TPM2_RC_COMMAND_SIZE, field[i]);
	}
	/* The longest there is: the engine finds bytes behind its parameters. */
	(void)tpm_get_random(8);
	tpm2_write32(tpm_bytes + 2, 4087);
	CHECK_EQ(tpm_send(4087), 0x095);
	CHECK_EQ(tpm_get_random(8), 0);
}

TEST(vtpm_commands_of_wrong_content)
{
	if (!tpm_is_there())
		return;
	tpm_begin(TPM2_ST_NO_SESSIONS, 0x17B); /* no parameter */
	CHECK_EQ(tpm_run() & 0xBF, 0x9A);
	tpm_begin(0x00C1, 0x17B); /* a tag of TPM 1.2 */
	CHECK(tpm_run() != 0);
	tpm_begin(TPM2_ST_SESSIONS, 0x17B); /* a session area that is longer than the command */
	tpm_put32(0xFFFFFFF0);
	CHECK(tpm_run() != 0);
	for (uint32_t code = 0x11E; code < 0x1A0; code++) {
		/* Any command with nothing behind its header: some end the TPM's work, none the TPM. */
		tpm_begin(TPM2_ST_NO_SESSIONS, code);
		if (code != 0x126 && code != 0x121)
			(void)tpm_run();
	}
	CHECK_EQ(tpm_get_random(8), 0);
}

/* Refused by the monitor: the page stays as it is. */
static void expect_refusal(uint32_t platform, uint32_t locality, uint32_t size, uint64_t expected)
{
	static uint8_t before[PAGE_SIZE];

	(void)tpm_get_random(8);
	tpm_write_request(tpm_buffer, platform, locality, size);
	memcpy(before, tpm_buffer, sizeof(before));
	CHECK_EQ_FOR(tpm_call(tpm_buffer_gpa()), expected, (uint64_t)platform << 32 | locality << 16 | size);
	CHECK_EQ(memcmp(before, tpm_buffer, sizeof(before)), 0);
}

TEST(vtpm_requests_that_are_refused)
{
	if (!tpm_is_there())
		return;
	for (uint32_t locality = 1; locality < 256; locality++)
		expect_refusal(SVSM_VTPM_SEND_COMMAND, locality, 12, SVSM_ERR_INVALID_PARAMETER);
	for (uint32_t platform = 0; platform < 32; platform++) {
		if (platform != SVSM_VTPM_SEND_COMMAND)
			expect_refusal(platform, 0, 12, SVSM_ERR_UNSUPPORTED_CALL);
	}
	expect_refusal(32, 0, 12, SVSM_ERR_INVALID_PARAMETER);
	expect_refusal(0xFFFFFFFF, 0, 12, SVSM_ERR_INVALID_PARAMETER);
	expect_refusal(SVSM_VTPM_SEND_COMMAND, 0, 4088, SVSM_ERR_INVALID_PARAMETER);
	expect_refusal(SVSM_VTPM_SEND_COMMAND, 0, 0xFFFFFFFF, SVSM_ERR_INVALID_PARAMETER);
}

TEST(vtpm_buffers)
{
	const uint64_t bad[] = { 0, monitor_gpa(), monitor_gpa() + MONITOR_SIZE - PAGE_SIZE, ~0ull, ~0ull - 4095,
				 1ull << 51, 1ull << 63, 0xFEC00000 };
	uint64_t end = machine_ram_end();

	if (!tpm_is_there())
		return;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ_FOR(tpm_call(bad[i]), SVSM_ERR_INVALID_PARAMETER, bad[i]);
	CHECK_EQ(tpm_call(end), SVSM_ERR_INVALID_PARAMETER);
	/* Any alignment: also one that puts every field across the end of a page. */
	for (uint32_t at = PAGE_SIZE - 64; at <= PAGE_SIZE; at++) {
		uint32_t size;

		(void)tpm_get_random(8);
		memset(tpm_buffer, 0xEE, sizeof(tpm_buffer));
		tpm_write_request(tpm_buffer + (at == PAGE_SIZE ? 0 : at), SVSM_VTPM_SEND_COMMAND, 0, 12);
		CHECK_EQ_FOR(tpm_call(tpm_buffer_gpa() + (at == PAGE_SIZE ? 0 : at)), SVSM_SUCCESS, at);
		memcpy(&size, tpm_buffer + (at == PAGE_SIZE ? 0 : at), sizeof(size));
		CHECK_EQ_FOR(size, TPM_HEADER + 2 + 8, at);
	}
}

/* A command that fits, and an answer that would not: the TPM does not see it. */
TEST(vtpm_answer_has_no_room)
{
	uint64_t block, at;
	uint8_t before[32];

	if (!tpm_is_there())
		return;
	block = block_take(false);
	page_give(block);
	at = block + PAGE_SIZE - REQUEST_ROOM;
	read_pcr(PCR);
	memcpy(before, tpm_response + tpm_response_size - 32, sizeof(before));
	begin_extend(PCR);
	tpm_put_zeros(32);
	tpm2_write32(tpm_bytes + 2, tpm_size);
	tpm_write_request(tpm_buffer, SVSM_VTPM_SEND_COMMAND, 0, tpm_size);
	memcpy((void *)(uintptr_t)at, tpm_buffer, REQUEST_ROOM);
	CHECK_EQ(tpm_call(at), SVSM_ERR_INVALID_PARAMETER);
	CHECK_EQ(memcmp((const void *)(uintptr_t)at, tpm_buffer, REQUEST_ROOM), 0);
	read_pcr(PCR);
	CHECK_EQ(memcmp(before, tpm_response + tpm_response_size - 32, sizeof(before)), 0);
	/* With the page behind it, the same is executed. */
	page_give(block + PAGE_SIZE);
	CHECK_EQ(tpm_call(at), SVSM_SUCCESS);
	read_pcr(PCR);
	CHECK(memcmp(before, tpm_response + tpm_response_size - 32, sizeof(before)) != 0);
	block_return(block);
}

/* ---- two processors ---- */

static struct {
	volatile uint64_t value[2];
	volatile uint64_t *address;
	volatile uint64_t rounds;
	volatile uint32_t stop;
	volatile uint64_t caa, answers, unknown, unknown_result;
} other;

static void rest(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void other_flips(void)
{
	while (other.stop == 0) {
		*other.address = other.value[0];
		*other.address = other.value[1];
		other.rounds++;
	}
	rest();
}

static uint64_t first_word(uint32_t platform, uint32_t locality, uint32_t size)
{
	uint64_t word;

	tpm_write_request(tpm_buffer, platform, locality, size);
	memcpy(&word, tpm_buffer, sizeof(word));
	return word;
}

/* The first eight bytes of a good request (kind, locality, three bytes of the size) and of a bad one, in turn. */
static bool flip_requests(uint64_t bad)
{
	struct processor processor;
	uint32_t unknown = 0;

	(void)tpm_get_random(8);
	other.value[0] = first_word(SVSM_VTPM_SEND_COMMAND, 0, 12);
	other.value[1] = bad;
	other.address = (volatile uint64_t *)(uintptr_t)tpm_buffer;
	other.stop = 0;
	other.rounds = 0;
	if (!processor_start(&processor, other_flips)) {
		test_print("note: one processor, nothing changes\n");
		return false;
	}
	while (other.rounds == 0)
		__asm__ volatile("pause");
	for (uint32_t i = 0; i < FLIPS; i++) {
		uint64_t result;

		memcpy(tpm_buffer + offsetof(struct svsm_vtpm_request, command), tpm_bytes, tpm_size);
		result = tpm_call(tpm_buffer_gpa());
		if (result != SVSM_SUCCESS && result != SVSM_ERR_INVALID_PARAMETER && result != SVSM_ERR_UNSUPPORTED_CALL)
			unknown++;
	}
	other.stop = 1;
	processor_stop(&processor);
	CHECK_EQ(unknown, 0);
	CHECK_EQ(tpm_get_random(8), 0);
	return true;
}

TEST(vtpm_requests_that_change)
{
	if (!tpm_is_there())
		return;
	if (flip_requests(first_word(SVSM_VTPM_SEND_COMMAND, 0, 0xFFFFFFFF)) &&
	    flip_requests(first_word(SVSM_VTPM_SEND_COMMAND, 1, 12)) && flip_requests(first_word(9, 0, 12)))
		(void)flip_requests(first_word(0xFFFFFFFF, 0xFF, 0));
}

static struct svsm_vtpm_request other_request; /* of the other processor: GetRandom, again and again */

static void other_asks(void)
{
	static uint8_t buffer[PAGE_SIZE] __attribute__((aligned(4096)));

	while (other.caa == 0)
		__asm__ volatile("pause");
	while (other.stop == 0) {
		uint64_t result;

		memcpy(buffer, &other_request, sizeof(other_request));
		do {
			struct registers registers = { .rax = (uint64_t)SVSM_PROTOCOL_VTPM << 32 | SVSM_VTPM_CMD,
						       .rcx = (uint64_t)(uintptr_t)buffer,
						       .rflags = 2 };

			result = processor_call(other.caa, &registers);
		} while ((result == SVSM_ERR_BUSY || result == SVSM_ERR_INCOMPLETE) && other.stop == 0);
		other.answers += result == SVSM_SUCCESS ? 1 : 0;
		if (result != SVSM_SUCCESS && other.stop == 0) {
			other.unknown++;
			other.unknown_result = result;
		}
	}
	rest();
}

/* Each gets the answer to its own command. */
TEST(vtpm_serves_two_processors)
{
	struct processor processor;

	if (!tpm_is_there())
		return;
	(void)tpm_get_random(8);
	tpm_write_request((uint8_t *)&other_request, SVSM_VTPM_SEND_COMMAND, 0, 12);
	other.stop = 0;
	other.caa = other.answers = other.unknown = 0;
	if (!processor_start(&processor, other_asks)) {
		test_print("note: one processor, nobody else asks\n");
		return;
	}
	other.caa = processor.caa;
	for (uint32_t i = 0; i < FLIPS || (other.answers < 20 && i < 100 * FLIPS); i++)
		read_pcr(PCR);
	other.stop = 1;
	processor_stop(&processor);
	test_print("note: the other processor: %llu answers, last other result 0x%llx\n", (unsigned long long)other.answers,
		   (unsigned long long)other.unknown_result);
	CHECK(other.answers >= 20);
	CHECK_EQ_FOR(other.unknown, 0, other.unknown_result);
}

/* ---- many ---- */

static uint64_t memory_in_use(void)
{
	struct svsm_args args = { .rcx = 0 };

	CHECK_EQ(svsm_call(PROTOCOL_TEST_MEMORY, 0, &args), SVSM_SUCCESS);
	return args.rcx;
}

TEST(vtpm_many_commands)
{
	uint32_t bad = 0, rounds = test_rounds() != 0 ? test_rounds() : MANY_COMMANDS;
	uint64_t before = 0;

	if (!tpm_is_there())
		return;
	for (uint32_t i = 0; i < rounds; i++) {
		if (i == WARM_COMMANDS)
			before = memory_in_use();
		bad += tpm_get_random(1 + i % 32) != 0 ? 1u : 0u;
	}
	CHECK_EQ(bad, 0);
	CHECK_EQ(memory_in_use(), before);
	test_bench("vtpm_commands", rounds, "commands");
	test_bench("memory_with_vtpm", before >> 10, "KiB");
}
