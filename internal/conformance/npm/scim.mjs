// Reads what our SCIM service writes, and does what it does. Standard input is an
// array of questions, standard output one of answers {result} or {error}:
//   {ask: 'patch', resource, operations}  what scim-patch makes of the resource
//   {ask: 'filter', filter, resources}    the ids of those that scimmy's filter lets through
//   {ask: 'list', body}                   a ListResponse as scimmy reads it
//   {ask: 'user', body}                   a user as scimmy's schemas of RFC 7643 read it
//   {ask: 'config', body}                 a ServiceProviderConfig, likewise
//   {ask: 'type', body}                   a ResourceType, likewise
//   {ask: 'schema', body}                 a schema as scimmy describes it
//   {ask: 'error', body}                  an error's {status, scimType, detail}
import { readFileSync } from 'node:fs';
import { patchBodyValidation, scimPatch } from 'scim-patch';
import SCIMMY from 'scimmy';

const { Messages, Schemas, Types } = SCIMMY;
Schemas.User.definition.extend(Schemas.EnterpriseUser.definition, false);

function attribute(given) {
  const { type, name, subAttributes = [], multiValued, description, required, caseExact, mutability, returned, uniqueness, referenceTypes } = given;
  const config = { multiValued, description, required, caseExact, returned: returned === 'default' ? true : returned, uniqueness };
  config.mutable = { readWrite: true, readOnly: false }[mutability] ?? mutability;
  if (referenceTypes) config.referenceTypes = referenceTypes;
  return new Types.Attribute(type, name, config, subAttributes.map(attribute));
}

const asked = {
  patch({ resource, operations }) {
    patchBodyValidation({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: operations });
    return scimPatch(structuredClone(resource), structuredClone(operations));
  },
  filter: ({ filter, resources }) => new Types.Filter(filter).match(resources).map(({ id }) => id),
  list: ({ body }) => new Messages.ListResponse(body),
  user: ({ body }) => new Schemas.User(body, 'out'),
  config: ({ body }) => new Schemas.ServiceProviderConfig(body),
  type: ({ body }) => new Schemas.ResourceType(body),
  schema: ({ body }) => new Types.SchemaDefinition(body.name, body.id, body.description, body.attributes.map(attribute)).describe(),
  error({ body }) {
    try {
      new Messages.ErrorResponse(body);
    } catch (error) {
      if (error.constructor !== Types.Error) throw error;
      return { status: error.status, scimType: error.scimType, detail: error.message };
    }
    throw new Error('it was taken for no error');
  },
};

const answers = JSON.parse(readFileSync(0, 'utf8')).map((question) => {
  try {
    return { result: asked[question.ask](question) };
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
});
process.stdout.write(JSON.stringify(answers));
