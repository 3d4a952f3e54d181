/** The messages of ../dtx-v1.proto. Written by `npm run proto`; change that file instead. */
export const DESCRIPTOR = {
  nested: {
    dtx: {
      nested: {
        v1: {
          nested: {
            CoordinatorService: {
              methods: {
                Connect: {
                  requestType: 'ClientFrame',
                  requestStream: true,
                  responseType: 'ServerFrame',
                  responseStream: true,
                },
              },
            },
            ClientFrame: {
              fields: {
                messages: {
                  rule: 'repeated',
                  type: 'ClientMessage',
                  id: 1,
                },
              },
            },
            ServerFrame: {
              fields: {
                messages: {
                  rule: 'repeated',
                  type: 'ServerMessage',
                  id: 1,
                },
                done: {
                  rule: 'repeated',
                  type: 'uint32',
                  id: 2,
                },
              },
            },
            ClientMessage: {
              oneofs: {
                body: {
                  oneof: [
                    'begin',
                    'registerBranch',
                    'commit',
                    'rollback',
                    'outcomes',
                    'setRollbackOnly',
                    'abandonBranch',
                    'status',
                    'awaitRelease',
                    'attach',
                    'detach',
                    'ping',
                    'pong',
                    'hello',
                    'goodbye',
                    'refusal',
                  ],
                },
              },
              fields: {
                requestId: {
                  type: 'uint32',
                  id: 1,
                },
                begin: {
                  type: 'Begin',
                  id: 2,
                },
                registerBranch: {
                  type: 'RegisterBranch',
                  id: 3,
                },
                commit: {
                  type: 'End',
                  id: 4,
                },
                rollback: {
                  type: 'End',
                  id: 5,
                },
                outcomes: {
                  type: 'Outcomes',
                  id: 6,
                },
                setRollbackOnly: {
                  type: 'SetRollbackOnly',
                  id: 7,
                },
                abandonBranch: {
                  type: 'AbandonBranch',
                  id: 8,
                },
                status: {
                  type: 'Status',
                  id: 9,
                },
                awaitRelease: {
                  type: 'AwaitRelease',
                  id: 10,
                },
                attach: {
                  type: 'Resource',
                  id: 11,
                },
                detach: {
                  type: 'Resource',
                  id: 12,
                },
                ping: {
                  type: 'Ping',
                  id: 13,
                },
                pong: {
                  type: 'Pong',
                  id: 14,
                },
                hello: {
                  type: 'Hello',
                  id: 15,
                },
                goodbye: {
                  type: 'Goodbye',
                  id: 16,
                },
                refusal: {
                  type: 'Refusal',
                  id: 17,
                },
              },
            },
            ServerMessage: {
              oneofs: {
                body: {
                  oneof: [
                    'done',
                    'summary',
                    'refusal',
                    'phaseTwo',
                    'ping',
                    'pong',
                    'welcome',
                    'goodbye',
                  ],
                },
              },
              fields: {
                requestId: {
                  type: 'uint32',
                  id: 1,
                },
                done: {
                  type: 'Done',
                  id: 2,
                },
                summary: {
                  type: 'Summary',
                  id: 3,
                },
                refusal: {
                  type: 'Refusal',
                  id: 4,
                },
                phaseTwo: {
                  type: 'PhaseTwo',
                  id: 5,
                },
                ping: {
                  type: 'Ping',
                  id: 6,
                },
                pong: {
                  type: 'Pong',
                  id: 7,
                },
                welcome: {
                  type: 'Welcome',
                  id: 8,
                },
                goodbye: {
                  type: 'Goodbye',
                  id: 9,
                },
              },
            },
            Hello: {
              fields: {
                versionMin: {
                  type: 'uint32',
                  id: 1,
                },
                versionMax: {
                  type: 'uint32',
                  id: 2,
                },
                namespace: {
                  type: 'string',
                  id: 3,
                },
                applicationId: {
                  type: 'string',
                  id: 4,
                },
                instanceId: {
                  type: 'string',
                  id: 5,
                },
                resources: {
                  rule: 'repeated',
                  type: 'Resource',
                  id: 6,
                },
                credential: {
                  type: 'string',
                  id: 7,
                },
                software: {
                  type: 'string',
                  id: 8,
                },
              },
            },
            Welcome: {
              fields: {
                version: {
                  type: 'uint32',
                  id: 1,
                },
                nodeId: {
                  type: 'string',
                  id: 2,
                },
                inFlightMax: {
                  type: 'uint32',
                  id: 3,
                },
                frameBytesMax: {
                  type: 'uint32',
                  id: 4,
                },
                heartbeatMs: {
                  type: 'uint32',
                  id: 5,
                },
                software: {
                  type: 'string',
                  id: 6,
                },
                sharesStore: {
                  type: 'bool',
                  id: 7,
                },
              },
            },
            Ping: {
              fields: {},
            },
            Pong: {
              fields: {},
            },
            Goodbye: {
              fields: {
                code: {
                  type: 'string',
                  id: 1,
                },
                reason: {
                  type: 'string',
                  id: 2,
                },
              },
            },
            Refusal: {
              fields: {
                code: {
                  type: 'string',
                  id: 1,
                },
                message: {
                  type: 'string',
                  id: 2,
                },
                fields: {
                  type: 'string',
                  id: 3,
                },
              },
            },
            Done: {
              fields: {},
            },
            BranchType: {
              values: {
                BRANCH_TYPE_UNSPECIFIED: 0,
                BRANCH_TYPE_AT: 1,
                BRANCH_TYPE_TCC: 2,
                BRANCH_TYPE_XA: 3,
                BRANCH_TYPE_SAGA: 4,
              },
            },
            GlobalStatus: {
              values: {
                GLOBAL_STATUS_UNSPECIFIED: 0,
                GLOBAL_STATUS_ACTIVE: 1,
                GLOBAL_STATUS_COMMITTING: 2,
                GLOBAL_STATUS_COMMITTED: 3,
                GLOBAL_STATUS_ROLLING_BACK: 4,
                GLOBAL_STATUS_ROLLED_BACK: 5,
                GLOBAL_STATUS_ABSENT: 6,
              },
            },
            RollbackReason: {
              values: {
                ROLLBACK_REASON_UNSPECIFIED: 0,
                ROLLBACK_REASON_REQUESTED: 1,
                ROLLBACK_REASON_ROLLBACK_ONLY: 2,
                ROLLBACK_REASON_TIMEOUT: 3,
                ROLLBACK_REASON_RESTART: 4,
              },
            },
            BranchStatus: {
              values: {
                BRANCH_STATUS_UNSPECIFIED: 0,
                BRANCH_STATUS_REGISTERED: 1,
                BRANCH_STATUS_ABANDONED: 2,
                BRANCH_STATUS_DONE: 3,
                BRANCH_STATUS_NEEDS_ATTENTION: 4,
                BRANCH_STATUS_ACCEPTED: 5,
              },
            },
            OutcomeKind: {
              values: {
                OUTCOME_KIND_UNSPECIFIED: 0,
                OUTCOME_KIND_DONE: 1,
                OUTCOME_KIND_RETRY: 2,
                OUTCOME_KIND_CANNOT: 3,
              },
            },
            Direction: {
              values: {
                DIRECTION_UNSPECIFIED: 0,
                DIRECTION_COMMIT: 1,
                DIRECTION_ROLLBACK: 2,
              },
            },
            Begin: {
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                name: {
                  type: 'string',
                  id: 2,
                },
                timeoutMs: {
                  type: 'uint32',
                  id: 3,
                },
                mayWait: {
                  type: 'bool',
                  id: 4,
                },
              },
            },
            RegisterBranch: {
              oneofs: {
                _data: {
                  oneof: ['data'],
                },
                _begin: {
                  oneof: ['begin'],
                },
              },
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                branchId: {
                  type: 'string',
                  id: 2,
                },
                type: {
                  type: 'BranchType',
                  id: 3,
                },
                resourceId: {
                  type: 'string',
                  id: 4,
                },
                data: {
                  type: 'string',
                  id: 5,
                  options: {
                    proto3_optional: true,
                  },
                },
                begin: {
                  type: 'Begin',
                  id: 6,
                  options: {
                    proto3_optional: true,
                  },
                },
              },
            },
            End: {
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                waitMs: {
                  type: 'uint32',
                  id: 2,
                },
              },
            },
            SetRollbackOnly: {
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                reason: {
                  type: 'string',
                  id: 2,
                },
              },
            },
            AbandonBranch: {
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                branchId: {
                  type: 'string',
                  id: 2,
                },
                reason: {
                  type: 'string',
                  id: 3,
                },
              },
            },
            Status: {
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
              },
            },
            AwaitRelease: {
              oneofs: {
                _waiterXid: {
                  oneof: ['waiterXid'],
                },
              },
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                timeoutMs: {
                  type: 'uint32',
                  id: 2,
                },
                waiterXid: {
                  type: 'string',
                  id: 3,
                  options: {
                    proto3_optional: true,
                  },
                },
              },
            },
            Resource: {
              fields: {
                resourceId: {
                  type: 'string',
                  id: 1,
                },
                type: {
                  type: 'BranchType',
                  id: 2,
                },
              },
            },
            Summary: {
              oneofs: {
                _name: {
                  oneof: ['name'],
                },
                _rollbackOnly: {
                  oneof: ['rollbackOnly'],
                },
              },
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                status: {
                  type: 'GlobalStatus',
                  id: 2,
                },
                name: {
                  type: 'string',
                  id: 3,
                  options: {
                    proto3_optional: true,
                  },
                },
                reason: {
                  type: 'RollbackReason',
                  id: 4,
                },
                rollbackOnly: {
                  type: 'string',
                  id: 5,
                  options: {
                    proto3_optional: true,
                  },
                },
                branches: {
                  rule: 'repeated',
                  type: 'Branch',
                  id: 6,
                },
                circle: {
                  rule: 'repeated',
                  type: 'string',
                  id: 7,
                },
              },
            },
            Branch: {
              oneofs: {
                _lastError: {
                  oneof: ['lastError'],
                },
                _result: {
                  oneof: ['result'],
                },
              },
              fields: {
                branchId: {
                  type: 'string',
                  id: 1,
                },
                seq: {
                  type: 'uint32',
                  id: 2,
                },
                type: {
                  type: 'BranchType',
                  id: 3,
                },
                resourceId: {
                  type: 'string',
                  id: 4,
                },
                status: {
                  type: 'BranchStatus',
                  id: 5,
                },
                attempts: {
                  type: 'uint32',
                  id: 6,
                },
                lastError: {
                  type: 'string',
                  id: 7,
                  options: {
                    proto3_optional: true,
                  },
                },
                failedAttempts: {
                  rule: 'repeated',
                  type: 'FailedAttempt',
                  id: 8,
                },
                result: {
                  type: 'string',
                  id: 9,
                  options: {
                    proto3_optional: true,
                  },
                },
              },
            },
            FailedAttempt: {
              fields: {
                atMs: {
                  type: 'uint64',
                  id: 1,
                },
                error: {
                  type: 'string',
                  id: 2,
                },
              },
            },
            PhaseTwo: {
              fields: {
                direction: {
                  type: 'Direction',
                  id: 1,
                },
                resourceId: {
                  type: 'string',
                  id: 2,
                },
                targets: {
                  rule: 'repeated',
                  type: 'Target',
                  id: 3,
                },
              },
            },
            Target: {
              oneofs: {
                _data: {
                  oneof: ['data'],
                },
              },
              fields: {
                xid: {
                  type: 'string',
                  id: 1,
                },
                branchId: {
                  type: 'string',
                  id: 2,
                },
                data: {
                  type: 'string',
                  id: 3,
                  options: {
                    proto3_optional: true,
                  },
                },
              },
            },
            Outcomes: {
              fields: {
                allDone: {
                  type: 'bool',
                  id: 1,
                },
                outcomes: {
                  rule: 'repeated',
                  type: 'Outcome',
                  id: 2,
                },
              },
            },
            Outcome: {
              oneofs: {
                _text: {
                  oneof: ['text'],
                },
              },
              fields: {
                kind: {
                  type: 'OutcomeKind',
                  id: 1,
                },
                text: {
                  type: 'string',
                  id: 2,
                  options: {
                    proto3_optional: true,
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
