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
#include "services/vtpm/codes.h"
#include "tests/guest/machine.h"
#include "tests/guest/svsm.h"

#define TRIES_MAX 200000u
#define MANY_COMMANDS 100000u
#define WARM_COMMANDS 1000u
#define HEADER 10u
#define PCR 16u /* one that may be reset */
#define RH_OWNER 0x40000001u
#define ALG_SHA256 0x000Bu
#define ALG_SHA384 0x000Cu

/* Two pages, for buffers that cross from one to the next. */
static uint8_t buffer[2 * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t command[4096];
static uint32_t command_size;
static const uint8_t *response;
static uint32_t response_size, incomplete;

static uint64_t buffer_gpa(void)
{
	return (uint64_t)(uintptr_t)buffer;
}

static bool have_vtpm(void)
{
	struct svsm_args args = { .rcx = 0 };

	return svsm_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_QUERY, &args) == SVSM_SUCCESS;
}

/* ---- building commands ---- */

static void put8(uint32_t value)
{
	command[command_size++] = (uint8_t)value;
}

static void put16(uint32_t value)
{
	tpm2_write16(command + command_size, value);
	command_size += 2;
}

static void put32(uint32_t value)
{
	tpm2_write32(command + command_size, value);
	command_size += 4;
}

static void put_bytes(const uint8_t *bytes, uint32_t size)
{
	memcpy(command + command_size, bytes, size);
	command_size += size;
}

static void begin(uint32_t tag, uint32_t code)
{
	command_size = 0;
	put16(tag);
	put32(0);
	put32(code);
}

static void put_password(void)
{
	put32(9);
	put32(TPM2_RS_PW);
	put16(0);
	put8(0);
	put16(0);
}

/* ---- sending them ---- */

/* Calls with the request as it is in memory at place. */
static uint64_t call_at(uint64_t place)
{
	uint64_t code = SVSM_ERR_INCOMPLETE;

	incomplete = 0;
	for (uint32_t i = 0; i < TRIES_MAX && (code == SVSM_ERR_INCOMPLETE || code == SVSM_ERR_BUSY); i++) {
		struct svsm_args args = { .rcx = place };

		code = svsm_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_CMD, &args);
		incomplete += code == SVSM_ERR_INCOMPLETE ? 1u : 0u;
	}
	return code;
}

static void write_request(uint8_t *to, uint32_t platform, uint32_t locality, uint32_t size)
{
	struct svsm_vtpm_request *request = (struct svsm_vtpm_request *)(void *)to;

	request->platform_command = platform;
	request->locality = (uint8_t)locality;
	request->size = size;
	memcpy(request->command, command, sizeof(request->command) < sizeof(command) ? sizeof(request->command) : 0);
}

/* Sends size bytes of the command; its response code, or ~0 with a failed check. */
static uint32_t send(uint32_t size)
{
	uint64_t code;

	memset(buffer, 0xEE, sizeof(buffer));
	write_request(buffer, SVSM_VTPM_SEND_COMMAND, 0, size);
	code = call_at(buffer_gpa());
	CHECK_EQ_FOR(code, SVSM_SUCCESS, tpm2_read32(command + 6));
	if (code != SVSM_SUCCESS)
		return ~0u;
	memcpy(&response_size, buffer, sizeof(response_size));
	response = buffer + sizeof(response_size);
	CHECK_EQ(tpm2_read32(response + 2), response_size);
	CHECK(response_size >= HEADER && response_size <= sizeof(((struct svsm_vtpm_response *)0)->response));
	CHECK_EQ(buffer[PAGE_SIZE], 0xEE);
	return tpm2_read32(response + 6);
}

static uint32_t run(void)
{
	tpm2_write32(command + 2, command_size);
	return send(command_size);
}

static uint32_t run_get_random(uint32_t count)
{
	begin(TPM2_ST_NO_SESSIONS, 0x17B);
	put16(count);
	return run();
}

static void flush_object(uint32_t handle)
{
	begin(TPM2_ST_NO_SESSIONS, 0x165);
	put32(handle);
	CHECK_EQ(run(), 0);
}

/* ---- a TPM ---- */

TEST(vtpm_is_there)
{
	struct svsm_args args = { .rcx = 0x55, .rdx = 0x66 };

	test_print("note: vTPM: %s\n", have_vtpm() ? "yes" : "no");
	if (!have_vtpm())
		return;
	CHECK_EQ(svsm_call(SVSM_PROTOCOL_VTPM, SVSM_VTPM_QUERY, &args), SVSM_SUCCESS);
	CHECK_EQ(args.rcx, 1u << SVSM_VTPM_SEND_COMMAND);
	CHECK_EQ(args.rdx, 0);
	args = (struct svsm_args){ .rcx = (uint64_t)SVSM_PROTOCOL_VTPM << 32 | SVSM_VTPM_VERSION };
	CHECK_EQ(svsm_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &args), SVSM_SUCCESS);
	CHECK_EQ(args.rcx, 1ull << 32 | 1);
	for (uint32_t number = 2; number < 40; number++) {
		args = (struct svsm_args){ .rcx = buffer_gpa() };
		CHECK_EQ_FOR(svsm_call(SVSM_PROTOCOL_VTPM, number, &args), SVSM_ERR_UNSUPPORTED_CALL, number);
	}
}

/* The endorsement key was made before the first command, and nothing of it shows: the TPM wants to be started. */
TEST(vtpm_wants_to_be_started)
{
	if (!have_vtpm())
		return;
	CHECK_EQ(run_get_random(8), 0x100);
	begin(TPM2_ST_NO_SESSIONS, TPM2_CC_STARTUP);
	put16(0);
	CHECK_EQ(run(), 0);
	CHECK_EQ(run(), 0x100);
	CHECK_EQ(run_get_random(8), 0);
}

TEST(vtpm_tests_itself)
{
	if (!have_vtpm())
		return;
	begin(TPM2_ST_NO_SESSIONS, 0x143);
	put8(1);
	CHECK_EQ(run(), 0);
	test_bench("vtpm_self_test", incomplete, "calls more");
	begin(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_TEST_RESULT);
	CHECK_EQ(run(), 0);
	CHECK_EQ(tpm2_read32(response + response_size - 4), 0);
}

/* resetCount is that of a TPM that was started once. */
TEST(vtpm_has_capabilities)
{
	if (!have_vtpm())
		return;
	begin(TPM2_ST_NO_SESSIONS, TPM2_CC_GET_CAPABILITY);
	put32(TPM2_CAP_PROPERTIES);
	put32(0x100); /* family indicator */
	put32(1);
	CHECK_EQ(run(), 0);
	CHECK_EQ(response_size, 27);
	CHECK_EQ(tpm2_read32(response + 23), 0x322E3000); /* "2.0" */
	begin(TPM2_ST_NO_SESSIONS, 0x181); /* ReadClock */
	CHECK_EQ(run(), 0);
	CHECK_EQ(tpm2_read32(response + HEADER + 16), 1); /* resetCount */
	CHECK_EQ(tpm2_read32(response + HEADER + 20), 0); /* restartCount */
	begin(TPM2_ST_NO_SESSIONS, TPM2_CC_CERTIFY_X509);
	CHECK_EQ(run(), TPM2_RC_COMMAND_CODE);
}

TEST(vtpm_random_numbers_differ)
{
	uint8_t first[32];

	if (!have_vtpm())
		return;
	CHECK_EQ(run_get_random(32), 0);
	CHECK_EQ(response_size, HEADER + 2 + 32);
	CHECK_EQ(tpm2_read16(response + HEADER), 32);
	memcpy(first, response + HEADER + 2, sizeof(first));
	CHECK_EQ(run_get_random(32), 0);
	CHECK(memcmp(first, response + HEADER + 2, sizeof(first)) != 0);
}

static void read_pcr(uint32_t number)
{
	begin(TPM2_ST_NO_SESSIONS, 0x17E);
	put32(1);
	put16(ALG_SHA256);
	put8(3);
	for (uint32_t i = 0; i < 3; i++)
		put8(number / 8 == i ? 1u << number % 8 : 0);
	CHECK_EQ(run(), 0);
	CHECK_EQ(tpm2_read16(response + response_size - 34), 32);
}

TEST(vtpm_extends_a_pcr)
{
	/* SHA-256 of 32 zero bytes and of 0, 1, ... 31. */
	static const uint8_t expected[32] = { 0xBB, 0x22, 0x75, 0xC4, 0x9F, 0x28, 0xAD, 0x52, 0xCA, 0xE6, 0xD5,
					      0x5E, 0x34, 0xA9, 0x74, 0xA5, 0x8C, 0x7A, 0x3B, 0xA2, 0x6F, 0x97,
					      0x6E, 0x8E, 0xCB, 0xBE, 0x7A, 0x53, 0x69, 0x18, 0xDC, 0x73 };
	static const uint8_t zero[32];

	if (!have_vtpm())
		return;
	read_pcr(PCR);
	CHECK_EQ(memcmp(response + response_size - 32, zero, 32), 0);
	begin(TPM2_ST_SESSIONS, 0x182);
	put32(PCR);
	put_password();
	put32(1);
	put16(ALG_SHA256);
	for (uint32_t i = 0; i < 32; i++)
		put8(i);
	CHECK_EQ(run(), 0);
	read_pcr(PCR);
	CHECK_EQ(memcmp(response + response_size - 32, expected, 32), 0);
	/* Only locality 4 resets PCR 17, and locality 0 is all that there is. */
	begin(TPM2_ST_SESSIONS, 0x13D);
	put32(17);
	put_password();
	CHECK_EQ(run(), TPM2_RC_LOCALITY);
}

/* ---- keys ---- */

/* Public areas of the TCG's templates for endorsement keys, without policy; with a policy for the profile's L-1. */
static const uint8_t policy_l1[32] = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC,
				       0x8D, 0x46, 0xA5, 0xD7, 0x24, 0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52,
				       0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA };

static void begin_create(uint32_t hierarchy)
{
	begin(TPM2_ST_SESSIONS, TPM2_CC_CREATE_PRIMARY);
	put32(hierarchy);
	put_password();
	put16(4);
	put16(0);
	put16(0);
}

static void end_create(void)
{
	put16(0);
	put32(0);
}

static void put_zeros(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		put8(0);
}

/* Template L-1: RSA 2048. Its handle; the public area is at response + 20. */
static uint32_t create_rsa(uint32_t hierarchy)
{
	begin_create(hierarchy);
	put16(314);
	put16(0x0001);
	put16(ALG_SHA256);
	put32(0x000300B2);
	put16(32);
	put_bytes(policy_l1, 32);
	put16(0x0006);
	put16(128);
	put16(0x0043);
	put16(0x0010);
	put16(2048);
	put32(0);
	put16(256);
	put_zeros(256);
	end_create();
	CHECK_EQ(run(), 0);
	CHECK_EQ(tpm2_read16(response + 18), 314);
	return tpm2_read32(response + HEADER);
}

/* As templates L-2 and H-3: P-256 with SHA-256 and AES-128, P-384 with SHA-384 and AES-256. */
static uint32_t create_ecc(bool p384)
{
	uint32_t bytes = p384 ? 48 : 32;

	begin_create(TPM2_RH_ENDORSEMENT);
	put16(2 + 2 + 4 + 2 + 6 + 2 + 2 + 2 + 2 * (2 + bytes));
	put16(0x0023);
	put16(p384 ? ALG_SHA384 : ALG_SHA256);
	put32(0x000300F2);
	put16(0);
	put16(0x0006);
	put16(p384 ? 256 : 128);
	put16(0x0043);
	put16(0x0010);
	put16(p384 ? 0x0004 : 0x0003);
	put16(0x0010);
	for (uint32_t i = 0; i < 2; i++) {
		put16(bytes);
		put_zeros(bytes);
	}
	end_create();
	CHECK_EQ(run(), 0);
	CHECK_EQ(tpm2_read16(response + 20), 0x0023);
	CHECK_EQ(tpm2_read16(response + 18 + 2 + 22), bytes); /* x is all there */
	return tpm2_read32(response + HEADER);
}

TEST(vtpm_makes_endorsement_keys)
{
	uint8_t modulus[256];

	if (!have_vtpm())
		return;
	flush_object(create_rsa(TPM2_RH_ENDORSEMENT));
	/* Flushing overwrote the response: the same template gives the same key. */
	flush_object(create_rsa(TPM2_RH_ENDORSEMENT));
	(void)create_rsa(TPM2_RH_ENDORSEMENT);
	test_bench("vtpm_rsa_key", incomplete, "calls more");
	memcpy(modulus, response + 20 + 58, sizeof(modulus));
	CHECK((modulus[0] & 0x80) != 0 && (modulus[255] & 1) != 0);
	flush_object(tpm2_read32(response + HEADER));
	CHECK_EQ(create_rsa(TPM2_RH_ENDORSEMENT), 0x80000000);
	CHECK_EQ(memcmp(modulus, response + 20 + 58, sizeof(modulus)), 0);
	flush_object(0x80000000);
	flush_object(create_ecc(false));
	flush_object(create_ecc(true));
	/* Another hierarchy, another seed, another key. */
	CHECK_EQ(create_rsa(RH_OWNER), 0x80000000);
	CHECK(memcmp(modulus, response + 20 + 58, sizeof(modulus)) != 0);
	flush_object(0x80000000);
}

/* ---- what is malformed ---- */

TEST(vtpm_commands_of_wrong_size)
{
	static const uint32_t field[] = { 0, 1, 9, 10, 11, 13, 4087, 4088, 0x80000000, 0xFFFFFFFF };

	if (!have_vtpm())
		return;
	for (uint32_t size = 0; size < HEADER; size++) {
		(void)run_get_random(8);
		CHECK_EQ_FOR(send(size), TPM2_RC_COMMAND_SIZE, size);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(field); i++) {
		(void)run_get_random(8);
		tpm2_write32(command + 2, field[i]);
		CHECK_EQ_FOR(send(12), TPM2_RC_COMMAND_SIZE, field[i]);
	}
	/* The longest there is: the engine finds bytes behind its parameters. */
	(void)run_get_random(8);
	tpm2_write32(command + 2, 4087);
	CHECK_EQ(send(4087), 0x095);
	CHECK_EQ(run_get_random(8), 0);
}

TEST(vtpm_commands_of_wrong_content)
{
	if (!have_vtpm())
		return;
	begin(TPM2_ST_NO_SESSIONS, 0x17B); /* no parameter */
	CHECK_EQ(run() & 0xBF, 0x9A);
	begin(0x00C1, 0x17B); /* a tag of TPM 1.2 */
	CHECK(run() != 0);
	begin(TPM2_ST_SESSIONS, 0x17B); /* a session area that is longer than the command */
	put32(0xFFFFFFF0);
	CHECK(run() != 0);
	for (uint32_t code = 0x11E; code < 0x1A0; code++) {
		/* Any command with nothing behind its header: some end the TPM's work, none the TPM. */
		begin(TPM2_ST_NO_SESSIONS, code);
		if (code != 0x126 && code != 0x121)
			(void)run();
	}
	CHECK_EQ(run_get_random(8), 0);
}

/* Refused by the monitor: the page stays as it is. */
static void expect_refusal(uint32_t platform, uint32_t locality, uint32_t size, uint64_t expected)
{
	static uint8_t before[PAGE_SIZE];

	(void)run_get_random(8);
	write_request(buffer, platform, locality, size);
	memcpy(before, buffer, sizeof(before));
	CHECK_EQ_FOR(call_at(buffer_gpa()), expected, (uint64_t)platform << 32 | locality << 16 | size);
	CHECK_EQ(memcmp(before, buffer, sizeof(before)), 0);
}

TEST(vtpm_requests_that_are_refused)
{
	if (!have_vtpm())
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
	static const uint64_t bad[] = { 0, MONITOR_GPA, MONITOR_GPA + MONITOR_SIZE - PAGE_SIZE, ~0ull, ~0ull - 4095,
					1ull << 51, 1ull << 63, 0xFEC00000 };
	uint64_t end = machine_ram_end();

	if (!have_vtpm())
		return;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ_FOR(call_at(bad[i]), SVSM_ERR_INVALID_PARAMETER, bad[i]);
	CHECK_EQ(call_at(end), SVSM_ERR_INVALID_PARAMETER);
	/* Any alignment: also one that puts every field across the end of a page. */
	for (uint32_t at = PAGE_SIZE - 64; at <= PAGE_SIZE; at++) {
		uint32_t size;

		(void)run_get_random(8);
		memset(buffer, 0xEE, sizeof(buffer));
		write_request(buffer + (at == PAGE_SIZE ? 0 : at), SVSM_VTPM_SEND_COMMAND, 0, 12);
		CHECK_EQ_FOR(call_at(buffer_gpa() + (at == PAGE_SIZE ? 0 : at)), SVSM_SUCCESS, at);
		memcpy(&size, buffer + (at == PAGE_SIZE ? 0 : at), sizeof(size));
		CHECK_EQ_FOR(size, HEADER + 2 + 8, at);
	}
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
	uint64_t before = 0;
	uint32_t bad = 0;

	if (!have_vtpm())
		return;
	for (uint32_t i = 0; i < MANY_COMMANDS; i++) {
		if (i == WARM_COMMANDS)
			before = memory_in_use();
		bad += run_get_random(1 + i % 32) != 0 ? 1u : 0u;
	}
	CHECK_EQ(bad, 0);
	CHECK_EQ(memory_in_use(), before);
	test_bench("vtpm_commands", MANY_COMMANDS, "commands");
	test_bench("memory_with_vtpm", before >> 10, "KiB");
}
