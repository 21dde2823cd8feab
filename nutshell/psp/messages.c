/* SPDX-License-Identifier: MIT */
/* Guest messages (firmware ABI chapter 7): attestation report and derived key, under AES-256-GCM. */
#include "abi/nutshell.h"
#include "bearssl.h"
#include "lib/string.h"
#include "nutshell/psp.h"

#define TAG_SIZE 16u
#define IV_SIZE 12u
#define SIGNATURE_HALF 48u
#define KEY_VCEK 0u
#define STATUS_INVALID_PARAMETER 0x16u
#define STATUS_INVALID_KEY 0x27u
#define REPORT_VERSION 3u
#define SIGNED_SIZE offsetof(struct snp_report, signature_r)
#define FIELD_POLICY (1ull << 0)
#define FIELD_IMAGE (1ull << 1)
#define FIELD_FAMILY (1ull << 2)
#define FIELD_MEASUREMENT (1ull << 3)
#define FIELD_SVN (1ull << 4)
#define FIELD_TCB (1ull << 5)
#define FIELD_SELECT_MAX 0x3Full
#define FIRMWARE_BUILD 1u
#define FIRMWARE_MINOR 55u
#define FIRMWARE_MAJOR 1u
#define PLATFORM_SMT (1ull << 0)
#define PLATFORM_ALIAS_CHECK (1ull << 5)

static uint64_t next_seqno[SNP_VMPL_COUNT];

void psp_new_messages(void)
{
	for (uint32_t i = 0; i < SNP_VMPL_COUNT; i++)
		next_seqno[i] = 1;
}

static void crypt(uint32_t key, struct snp_msg_header *header, uint8_t *payload, uint32_t size, bool encrypt,
		  uint8_t tag[TAG_SIZE])
{
	br_aes_ct64_ctr_keys aes;
	br_gcm_context gcm;
	uint8_t iv[IV_SIZE] = { 0 };

	memcpy(iv, &header->msg_seqno, sizeof(header->msg_seqno));
	br_aes_ct64_ctr_init(&aes, psp_vmpck(key), SNP_VMPCK_SIZE);
	br_gcm_init(&gcm, &aes.vtable, br_ghash_ctmul64);
	br_gcm_reset(&gcm, iv, sizeof(iv));
	br_gcm_aad_inject(&gcm, (const uint8_t *)header + SNP_MSG_AAD_OFFSET, SNP_MSG_AAD_SIZE);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, encrypt, payload, size);
	br_gcm_get_tag(&gcm, tag);
}

static void reverse(uint8_t *out, const uint8_t *in, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		out[i] = in[size - 1u - i];
}

/* ECDSA P-384 over the report's first part; R and S little-endian. */
static void sign(struct snp_report *report)
{
	uint8_t scalar[SIGNATURE_HALF], hash[SNP_DIGEST_SIZE], signature[2 * SIGNATURE_HALF];
	br_ec_private_key key = { .curve = BR_EC_secp384r1, .x = scalar, .xlen = sizeof(scalar) };
	br_sha384_context context;

	psp_derive("VCEK", NULL, 0, scalar, sizeof(scalar));
	scalar[0] = NUTSHELL_VCEK_FIRST_BYTE;
	br_sha384_init(&context);
	br_sha384_update(&context, report, SIGNED_SIZE);
	br_sha384_out(&context, hash);
	if (br_ecdsa_i31_sign_raw(&br_ec_prime_i31, &br_sha384_vtable, hash, &key, signature) != sizeof(signature))
		return;
	reverse(report->signature_r, signature, SIGNATURE_HALF);
	reverse(report->signature_s, signature + SIGNATURE_HALF, SIGNATURE_HALF);
}

/* CPUID 1, EAX: the extended fields count from family 15 on. */
static void fill_processor(struct snp_report *report)
{
	uint32_t out[4], family;

	machine_cpuid(1, 0, 0, 0, out);
	family = out[0] >> 8 & 0xFu;
	report->cpuid_family = (uint8_t)(family == 0xFu ? family + (out[0] >> 20 & 0xFFu) : family);
	report->cpuid_model = (uint8_t)((out[0] >> 4 & 0xFu) | (family == 0xFu ? out[0] >> 12 & 0xF0u : 0));
	report->cpuid_stepping = (uint8_t)(out[0] & 0xFu);
}

/*
 * Table "Attestation Report", version 3. Without an ID block family, image, SVN and digests of its keys are zero; there is
 * no host data, no migration agent (its report id is all ones); the key is a VCEK.
 */
static void fill_report(struct snp_report *report, const struct snp_report_req *request)
{
	*report = (struct snp_report){ .version = REPORT_VERSION,
				       .policy = psp_policy(),
				       .vmpl = request->vmpl,
				       .signature_algo = 1,
				       .current_tcb = NUTSHELL_TCB,
				       .platform_info = PLATFORM_SMT | PLATFORM_ALIAS_CHECK,
				       .reported_tcb = NUTSHELL_TCB,
				       .committed_tcb = NUTSHELL_TCB,
				       .current_build = FIRMWARE_BUILD,
				       .current_minor = FIRMWARE_MINOR,
				       .current_major = FIRMWARE_MAJOR,
				       .committed_build = FIRMWARE_BUILD,
				       .committed_minor = FIRMWARE_MINOR,
				       .committed_major = FIRMWARE_MAJOR,
				       .launch_tcb = NUTSHELL_TCB };
	memcpy(report->report_data, request->user_data, sizeof(report->report_data));
	memcpy(report->measurement, psp_launch_digest(), SNP_DIGEST_SIZE);
	memset(report->report_id_ma, 0xFF, sizeof(report->report_id_ma));
	psp_derive("report id", psp_launch_digest(), SNP_DIGEST_SIZE, report->report_id, sizeof(report->report_id));
	fill_processor(report);
	memcpy(report->chip_id, NUTSHELL_CHIP_ID, strlen(NUTSHELL_CHIP_ID));
	psp_id_fill_report(report);
	sign(report);
}

static uint32_t answer_report(const uint8_t *payload, uint32_t size, uint32_t key, uint8_t *out)
{
	struct snp_report_rsp *response = (struct snp_report_rsp *)(void *)out;
	struct snp_report_req request;

	memset(response, 0, sizeof(*response));
	if (size != sizeof(request)) {
		response->status = STATUS_INVALID_PARAMETER;
		return sizeof(*response);
	}
	memcpy(&request, payload, sizeof(request));
	if (request.vmpl >= SNP_VMPL_COUNT || request.vmpl < key)
		response->status = STATUS_INVALID_PARAMETER;
	else if ((request.flags & 3u) > 1u)
		response->status = STATUS_INVALID_KEY;
	if (response->status == 0) {
		response->report_size = sizeof(struct snp_report);
		fill_report(&response->report, &request);
	}
	return sizeof(*response);
}

/* Level and selection always count, a field only when it is selected. */
static void derive_key(const struct snp_key_req *request, uint8_t *out, uint64_t size)
{
	struct {
		struct snp_key_req request;
		uint8_t measurement[SNP_DIGEST_SIZE];
		uint64_t policy;
		uint8_t image_id[16], family_id[16];
	} input = { .request = { .root_key_select = request->root_key_select,
				 .guest_field_select = request->guest_field_select,
				 .vmpl = request->vmpl } };

	if ((request->guest_field_select & FIELD_POLICY) != 0)
		input.policy = psp_policy();
	if ((request->guest_field_select & FIELD_IMAGE) != 0)
		memcpy(input.image_id, psp_id_block()->image_id, sizeof(input.image_id));
	if ((request->guest_field_select & FIELD_FAMILY) != 0)
		memcpy(input.family_id, psp_id_block()->family_id, sizeof(input.family_id));
	if ((request->guest_field_select & FIELD_MEASUREMENT) != 0)
		memcpy(input.measurement, psp_launch_digest(), SNP_DIGEST_SIZE);
	if ((request->guest_field_select & FIELD_SVN) != 0)
		input.request.guest_svn = request->guest_svn;
	if ((request->guest_field_select & FIELD_TCB) != 0)
		input.request.tcb_version = request->tcb_version;
	psp_derive("derived key", &input, sizeof(input), out, size);
}

static uint32_t answer_key(const uint8_t *payload, uint32_t size, uint32_t key, uint8_t *out)
{
	struct snp_key_rsp *response = (struct snp_key_rsp *)(void *)out;
	struct snp_key_req request;

	memset(response, 0, sizeof(*response));
	if (size < sizeof(request)) {
		response->status = STATUS_INVALID_PARAMETER;
		return sizeof(*response);
	}
	memcpy(&request, payload, sizeof(request));
	if (request.vmpl >= SNP_VMPL_COUNT || request.vmpl < key || (request.guest_field_select & ~FIELD_SELECT_MAX) != 0 ||
	    request.root_key_select != KEY_VCEK) {
		response->status = STATUS_INVALID_PARAMETER;
	} else {
		derive_key(&request, response->key, sizeof(response->key));
	}
	return sizeof(*response);
}

static bool header_is_sane(const struct snp_msg_header *header)
{
	return header->algo == SNP_MSG_ALGO_AES_256_GCM && header->hdr_version == 1 &&
	       header->hdr_size == SNP_MSG_HEADER_SIZE && header->msg_version == 1 &&
	       (header->msg_type == SNP_MSG_REPORT_REQ || header->msg_type == SNP_MSG_KEY_REQ) &&
	       header->msg_size <= SNP_MSG_PAYLOAD_MAX && header->msg_vmpck < SNP_VMPL_COUNT;
}

static bool tags_differ(const uint8_t *a, const uint8_t *b)
{
	uint8_t difference = 0;

	for (uint32_t i = 0; i < TAG_SIZE; i++)
		difference = (uint8_t)(difference | (a[i] ^ b[i]));
	return difference != 0;
}

uint32_t psp_guest_message(const uint8_t *request, uint8_t *response)
{
	struct snp_msg_header header, *answer = (struct snp_msg_header *)(void *)response;
	uint8_t payload[SNP_MSG_PAYLOAD_MAX], tag[TAG_SIZE];
	uint32_t key, size;

	memcpy(&header, request, sizeof(header));
	key = header.msg_vmpck;
	if (!header_is_sane(&header) || header.msg_seqno != next_seqno[key])
		return PSP_STATUS_INVALID_PARAM;
	memcpy(payload, request + sizeof(header), header.msg_size);
	crypt(key, &header, payload, header.msg_size, false, tag);
	if (tags_differ(tag, header.authtag))
		return PSP_STATUS_INVALID_PARAM;
	memset(response, 0, PAGE_SIZE);
	if (header.msg_type == SNP_MSG_REPORT_REQ)
		size = answer_report(payload, header.msg_size, key, response + sizeof(header));
	else
		size = answer_key(payload, header.msg_size, key, response + sizeof(header));
	*answer = (struct snp_msg_header){ .msg_seqno = header.msg_seqno + 1u,
					   .algo = SNP_MSG_ALGO_AES_256_GCM,
					   .hdr_version = 1,
					   .hdr_size = SNP_MSG_HEADER_SIZE,
					   .msg_type = (uint8_t)(header.msg_type + 1u),
					   .msg_version = 1,
					   .msg_size = (uint16_t)size,
					   .msg_vmpck = (uint8_t)key };
	crypt(key, answer, response + sizeof(header), size, true, tag);
	memcpy(answer->authtag, tag, TAG_SIZE);
	next_seqno[key] += 2;
	return 0;
}
