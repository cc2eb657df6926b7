/**
 * LOAD_FW of OP-TEE's remoteproc TA in its steps L1..L7 (B15): check that an image is signed, and put it into the memory
 * of the processor. The image lies in memory that the normal world shares with the TA and may store to during the call
 * (T5), so what a step reads there is anything, each time anew (W-53..W-55).
 */
import { done, enumOf, fragment, goto, next, set, type Body, type Node, type ValueOf } from '../language/index.js';
import { Signed, type Content, type RemoteProcessors } from './remote-processor.js';
import { TeeResult, type RemoteprocPta, type TeeAnswer } from './remoteproc-pta.js';
import {
  answerOf,
  hasSession,
  Image,
  isNotStarted,
  isNotYetLoaded,
  success,
  type TaParts,
} from './remoteproc-ta-state.js';

const source = 'ta/remoteproc/src/remoteproc_core.c (B15)';
const parser = 'ta/remoteproc/src/elf_parser.c (B15)';
const ptaSource = 'core/pta/stm32mp/remoteproc_pta.c (B15)';

/** The sizes that a header gives, against what is in the buffer. An image that is signed has a header that FITs. */
export const ImageSizes = enumOf('SHORT', 'FIT', 'LONG');

/** What LOAD_FW reads of the shared memory. */
export const SharedWord = enumOf('header', 'TLV and signature', 'segment');

/** LOAD_FW step by step: what OP-TEE does, and what it would have to. */
export interface StepByStep {
  /** `twice`: the sizes in the header are read, and then the header again with all the rest (W-54). */
  readonly readsHeader: 'once' | 'twice';
  /** What is hashed: the copy, or the shared memory before it is copied (D-54). */
  readonly hashes: 'destination' | 'source';
  /** LOADED only if all segments that are signed were loaded. */
  readonly demandsAllSegments: boolean;
  /** Whoever leaves the TA's state OFF clears the memory: a LOAD_FW that fails, and STOP. */
  readonly clearsMemory: boolean;
}

/** Who signs nothing makes hashes of his own: they fit whatever he has put into the segments. */
const isSegmentOf = (image: ValueOf<typeof Image>, content: ValueOf<typeof Content> | undefined) =>
  content === (image === 'UNSIGNED' ? 'BAD' : image);

/** LOAD_FW in its steps L1..L7. */
export function loadStepByStep(
  remote: RemoteProcessors,
  pta: RemoteprocPta,
  ta: TaParts,
  { readsHeader, hashes, demandsAllSegments, clearsMemory }: StepByStep,
) {
  const { rproc, region, Regions, memory } = remote;
  const Words = set(SharedWord);
  type Word = (typeof SharedWord.values)[number];
  const read = (...words: Word[]) => ({ words: Words.make(words) });
  const locals = {
    rproc,
    answer: TeeResult,
    sizes: ImageSizes,
    /** What the secure copy was allocated for. */
    room: ImageSizes,
    /** The secure copy. */
    copy: Image,
    segment: region,
    loaded: Regions,
  };
  type Here = Body<typeof locals>;

  /** Before anything was copied to the remote memory. */
  const refuse = (answer: TeeAnswer) => done(answer).local({ answer });
  /** After that. As published, what was copied stays: "should we clean-up the memories in case of fail?" asks the source. */
  const giveUp = <const S = object>(answer: TeeAnswer, set?: S) =>
    (clearsMemory ? goto('give up', set) : done(answer, set)).local({ answer });

  /** L1..L3: header, TLV and signature, into secure memory. */
  const saveHeader = (h: Here): readonly Node[] => [
    h.step(readsHeader === 'once' ? 'copy header' : 'read sizes', {
      doc: 'L1: any sizes',
      fn: 'remoteproc_save_fw_header_and_tlvs',
      source,
      run: () => ImageSizes.values.map((sizes) => next().local({ sizes }).emit('shared memory read', read('header'))),
    }),
    h.step('allocate', {
      fn: 'remoteproc_save_fw_header_and_tlvs: TEE_Malloc',
      source,
      guards: [
        {
          id: 'sizes-fit-the-buffer',
          doc: 'no byte behind the shared buffer is copied',
          source,
          test: (_, f) => f.sizes !== 'LONG',
          else: refuse('BAD_PARAMETERS'),
        },
      ],
      run: (_, f) => next().local({ room: f.sizes }),
    }),
    readsHeader === 'once'
      ? h.step('copy TLV and signature', {
          doc: 'L2: the header is part of what is signed',
          fn: 'remoteproc_save_fw_header_and_tlvs: memcpy',
          source: `${source}: as it should be`,
          run: (_, f) =>
            Image.values
              .filter((copy) => copy === 'UNSIGNED' || f.sizes === 'FIT')
              .map((copy) =>
                next()
                  .local({ copy })
                  .emit('shared memory read', read('TLV and signature'))
                  .emit('bytes used', { there: 'FIT', used: f.room }),
              ),
        })
      : h.step('copy header, TLV and signature', {
          doc: 'L2: the header for the second time',
          fn: 'remoteproc_save_fw_header_and_tlvs: memcpy',
          source,
          run: (_, f) =>
            ImageSizes.values.flatMap((sizes) =>
              Image.values
                .filter((copy) => copy === 'UNSIGNED' || sizes === 'FIT')
                .map((copy) =>
                  next()
                    .local({ sizes, copy })
                    .emit('shared memory read', read('header', 'TLV and signature'))
                    .emit('bytes used', { there: 'FIT', used: f.room }),
                ),
            ),
        }),
    h.step('check sizes', {
      doc: 'L3',
      fn: 'remoteproc_verify_header',
      source,
      guards: [
        {
          id: 'sizes-add-up',
          doc: 'all parts together are as long as the buffer',
          source,
          test: (_, f) => f.sizes === 'FIT',
          else: refuse('BAD_PARAMETERS'),
        },
      ],
    }),
    h.step('hash header and TLV', {
      doc: 'L4: as many bytes as the copied header says',
      fn: 'remoteproc_verify_signature: TEE_DigestDoFinal',
      source,
      forget: ['sizes', 'room'],
      run: (_, f) => next().emit('bytes used', { there: f.room, used: f.sizes }),
    }),
    h.step('verify signature', {
      doc: 'L4: VERIFY_DIGEST',
      fn: 'rproc_pta_verify_digest',
      source: ptaSource,
      reads: (f) => ({ pta: pta.state(f.rproc) }),
      guards: [
        pta.isOff,
        {
          id: 'signature-is-valid',
          doc: 'header and TLV, and with it the hashes of all segments, are those of a signed image',
          source: ptaSource,
          test: (_, f) => f.copy !== 'UNSIGNED',
          else: refuse('SECURITY'),
        },
      ],
      run: (_, f) => next().local({ loaded: Regions.make() }).say(`image ${f.copy}`),
    }),
  ];

  const copySegment = (h: Here): Node =>
    h.step('copy segment', {
      doc: 'L5: LOAD_SEGMENT_SHA256 copies whatever is in the shared memory now',
      fn: 'rproc_pta_load_segment: memcpy',
      source: ptaSource,
      writes: (f) => ({ memory: memory(f.rproc) }),
      run: (s, f) =>
        [...Signed.values, 'BAD' as const].map((content) => {
          const copied = { memory: s.memory.set(f.segment, content) };
          const verified = f.loaded.add(f.segment);
          return (hashes === 'destination' ? next(copied) : goto('read program header', copied).local({ loaded: verified }))
            .emit('shared memory read', read('segment'))
            .emit('memory changed', { rproc: f.rproc, regions: Regions.make([f.segment]), by: 'PTA' });
        }),
    }); // prettier-ignore

  /** LOAD_SEGMENT_SHA256. The PTA's own look at its state is not here: it can't have changed since VERIFY_DIGEST. */
  const loadSegment = (h: Here): readonly Node[] =>
    hashes === 'destination'
      ? [
          copySegment(h),
          h.step('hash segment', {
            doc: 'L5: of the copy, against the hash that was signed',
            fn: 'rproc_pta_load_segment: hash_sha256_check',
            source: ptaSource,
            reads: (f) => ({ memory: memory(f.rproc) }),
            guards: [
              {
                id: 'hash-is-right',
                doc: 'what is in the remote memory is what was signed',
                source: ptaSource,
                test: (s, f) => isSegmentOf(f.copy, s.memory.get(f.segment)),
                else: next(),
              },
            ],
            run: (_, f) =>
              goto('read program header')
                .local({ loaded: f.loaded.add(f.segment) })
                .emit('segment verified', { rproc: f.rproc, regions: Regions.make([f.segment]) }),
          }),
          h.step('zero segment', {
            fn: 'rproc_pta_load_segment: memset',
            source: ptaSource,
            writes: (f) => ({ memory: memory(f.rproc) }),
            run: (s, f) => giveUp('SECURITY', { memory: s.memory.set(f.segment, 'ZERO') }),
          }),
        ]
      : [
          h.step('hash segment', {
            doc: 'D-54: of the shared memory, before it is copied',
            fn: 'rproc_pta_load_segment: hash_sha256_check',
            source: 'D-54',
            run: () => [
              next().emit('shared memory read', read('segment')),
              giveUp('SECURITY').emit('shared memory read', read('segment')),
            ],
          }),
          copySegment(h),
        ]; // prettier-ignore

  /** L5, L6: every segment that the program headers name. They are in shared memory, and as many as it says. */
  const loadElf = (h: Here): readonly Node[] => [
    h.step('read program header', {
      doc: 'L5: the address and sizes of a segment that is signed, or others; or there is none left',
      fn: 'e32_parser_load_elf_image, get_segment_hash',
      source: parser,
      run: () => [
        ...region.values.map((segment) => next().local({ segment }).emit('program header read')),
        giveUp('NO_DATA'),
        goto('check segments'),
      ],
    }),
    ...loadSegment(h),
    h.step('check segments', {
      fn: 'remoteproc_load_elf',
      source: `${source}: not there as published`,
      forget: ['copy', 'segment'],
      guards: demandsAllSegments
        ? [
            {
              id: 'all-signed-segments-are-loaded',
              doc: 'a signed image is taken as a whole',
              source: 'I-11',
              test: (_, f) => f.loaded.size === region.size,
              else: giveUp('SECURITY'),
            },
          ]
        : [],
    }),
    h.step('find resource table', {
      doc: 'L6: by section headers, which nobody signs; its address is one of this processor’s, or LOAD_FW fails',
      fn: 'remoteproc_parse_rsc_table, rproc_pta_da_to_pa',
      source,
      forget: ['loaded'],
      run: () => [next(), giveUp('ACCESS_DENIED')],
    }),
  ];

  return fragment('LOAD_FW', locals, (h) => [
    h.locked('TA', () => ta.lock, [
      h.step('check state', {
        fn: 'remoteproc_load_fw',
        source,
        reads: (f) => ({ session: ta.session, state: ta.state(f.rproc) }),
        guards: [hasSession, isNotYetLoaded, isNotStarted],
        run: (_, f) => next().emit('LOAD_FW begins', { rproc: f.rproc }),
      }),
      ...saveHeader(h),
      ...pta.closeFirewall.map((close) => h.call(close, (f) => ({ rproc: f.rproc }))),
      ...loadElf(h),
      h.step('set LOADED', {
        doc: 'L7',
        fn: 'remoteproc_load_fw',
        source,
        writes: (f) => ({ state: ta.state(f.rproc) }),
        run: () => done('SUCCESS', { state: 'LOADED' as const }).local(success),
      }),
      ...(clearsMemory
        ? [
            h.call(pta.clearMemory, (f) => ({ rproc: f.rproc }), { as: 'give up' }),
            ...pta.openFirewall.map((open) => h.call(open, (f) => ({ rproc: f.rproc }))),
          ]
        : []),
    ]),
  ], answerOf); // prettier-ignore
}
